// Writes what is generated in deploy/. Run it after a change of api/, of deploy/injection-fence.ts, of deploy/manifests or of demo/shop.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dashboards } from './grafana/dashboards.ts';
import { dashboardJson } from './grafana/panel.ts';
import { injectionText } from './injection-file.ts';
import { installText, podCertificatesText, shopText } from './install-file.ts';

writeFileSync(join(import.meta.dirname, 'install.yaml'), installText());
writeFileSync(join(import.meta.dirname, 'install-pod-certificates.yaml'), podCertificatesText());
writeFileSync(join(import.meta.dirname, 'injection-policy.yaml'), injectionText());
writeFileSync(join(import.meta.dirname, 'samples/shop.yaml'), shopText());
for (const dashboard of dashboards)
  writeFileSync(
    join(import.meta.dirname, `grafana/${dashboard.id}.json`),
    `${JSON.stringify(dashboardJson(dashboard), null, 2)}\n`,
  );
