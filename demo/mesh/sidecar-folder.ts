// The folder an Envoy is started in: its bootstrap, and the files by which it finds its certificate. The configuration
// that all sidecars share names those by the same relative path.
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderBootstrap, type BootstrapOptions } from '../../operator/infra/bootstrap.ts';
import { renderSdsFiles } from '../../operator/infra/certificate-files.ts';
import { certificateFiles, certificateFolder } from '../../operator/values/certificate-files.ts';

export const bootstrapFile = 'bootstrap.json';

/** Holds a link to the operator's folder: it swaps all that is in there at once, and Envoy notices. */
const identity = 'identity';

/** Whether the operator has written all that a sidecar needs to be let in. */
export function hasCertificate(secrets: string): boolean {
  const { certificate, key, roots } = certificateFiles;
  return [certificate, key, roots].every((file) => existsSync(join(secrets, file)));
}

/** Makes the folder. `secrets` is where the operator keeps the certificate of this identity. */
export function createSidecarFolder(folder: string, secrets: string, options: BootstrapOptions): void {
  mkdirSync(join(folder, identity), { recursive: true });
  symlinkSync(secrets, join(folder, certificateFolder(identity)));
  mkdirSync(join(folder, certificateFolder('')));
  for (const [name, text] of renderSdsFiles(identity))
    writeFileSync(join(folder, certificateFolder(''), name), text);
  writeFileSync(join(folder, bootstrapFile), JSON.stringify(renderBootstrap(options), null, 2));
}
