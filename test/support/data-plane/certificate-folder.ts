// The certificate folder of a sidecar, laid out and renewed as the kubelet does it: every name is a link through
// `..data`, which one rename swaps. Entry: CertificateFolder.
import { mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { KeyPair } from '../../../operator/certificates/authority.ts';
import { signLeaf } from '../../../operator/certificates/leaf.ts';
import { makeRoot, parseRoot, type Root } from '../../../operator/certificates/root.ts';
import { renderSdsFiles } from '../../../operator/infra/certificate-files.ts';
import { certificateFiles, certificateFolder } from '../../../operator/values/certificate-files.ts';

const hourMs = 3_600_000;

export async function makeTestRoot(trustDomain: string): Promise<Root> {
  const now = Date.now();
  return parseRoot(await makeRoot(trustDomain, now), 'the test', now);
}

export function issue(root: Root, spiffeId: string, ipAddresses: readonly string[] = []): Promise<KeyPair> {
  return signLeaf(root, { spiffeId, ttlMs: hourMs, ipAddresses }, Date.now());
}

type Leaf = Pick<KeyPair, 'certificate' | 'privateKey'>;
type Roots = Pick<Root, 'certificate'>;

export class CertificateFolder {
  readonly #folder: string;
  #version = 0;

  /** @param directory in which Envoy is started */
  constructor(directory: string) {
    this.#folder = certificateFolder(directory);
  }

  async create(pair: Leaf, root: Roots): Promise<void> {
    await mkdir(this.#folder);
    await this.replace(pair, root);
    const { certificate, key, roots } = certificateFiles;
    const linked = [certificate, key, roots].map((name) =>
      symlink(`..data/${name}`, join(this.#folder, name)),
    );
    const fixed = [...renderSdsFiles('')].map(([name, text]) => writeFile(join(this.#folder, name), text));
    await Promise.all([...linked, ...fixed]);
  }

  async replace(pair: Leaf, root: Roots): Promise<void> {
    this.#version += 1;
    const version = `..v${this.#version}`;
    await mkdir(join(this.#folder, version));
    const { certificate, key, roots } = certificateFiles;
    const contents = { [certificate]: pair.certificate, [key]: pair.privateKey, [roots]: root.certificate };
    const written = Object.entries(contents).map(([name, text]) =>
      writeFile(join(this.#folder, version, name), text),
    );
    await Promise.all(written);
    await symlink(version, join(this.#folder, '..next'));
    await rename(join(this.#folder, '..next'), join(this.#folder, '..data'));
  }
}
