// Writes config/crd/. Run it after a change of api/: `npm run generate`.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { crdFiles } from './crd-files.ts';

for (const file of crdFiles()) {
  writeFileSync(fileURLToPath(new URL(`crd/${file.name}`, import.meta.url)), file.text);
}
