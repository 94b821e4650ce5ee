// The operator's image, made from files of this machine: what deploy/Dockerfile makes, without Docker. Entries:
// writeOperatorImage, releasedImages.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleInto } from '../support/bundle.ts';
import {
  bundleFolder,
  imageContents,
  nodeImageName,
  operatorImageName,
  sidecarImageName,
} from '../../deploy/image-contents.ts';
import { buildImage } from './image/build-image.ts';
import type { ImageFile } from './image/files.ts';
import { envoyImage, iptablesFiles, nodeFiles, nodeImage } from './standard-images.ts';

export const operatorTestImageName = 'meshwright.test/meshwright:1';

const root = join(import.meta.dirname, '../..');

/** Archives of what install.yaml and the samples name, so that they can be applied as they are. `folder`: where they may be put. */
export function releasedImages(folder: string): readonly Promise<string>[] {
  const operator = join(folder, 'operator.tar');
  return [
    nodeImage(`docker.io/library/${nodeImageName}`),
    envoyImage(sidecarImageName),
    writeOperatorImage(operator, operatorImageName).then(() => operator),
  ];
}

/** Writes an archive for importImage. */
export async function writeOperatorImage(path: string, name = operatorTestImageName): Promise<void> {
  const { entrypoint, workingDir, user, env } = imageContents;
  const base = [...nodeFiles(), ...(await iptablesFiles())];
  const bundle = await mkdtemp(join(tmpdir(), 'meshwright-bundle-'));
  try {
    await bundleInto(bundle);
    await buildImage({ name, base, files: projectFiles(bundle), entrypoint, workingDir, user, env }, path);
  } finally {
    await rm(bundle, { recursive: true });
  }
}

/** What of this project is in the image. `bundle`: where its programs were written. */
function projectFiles(bundle: string): ImageFile[] {
  return imageContents.files.map(([from, to]) => ({
    from: from === bundleFolder ? bundle : join(root, from),
    to,
  }));
}
