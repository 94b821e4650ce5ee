// The operator's image, made from files of this machine: what deploy/Dockerfile makes, without Docker. Entries:
// writeOperatorImage, releasedImages.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import {
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
const Lock = z.object({
  packages: z.record(
    z.string(),
    z.object({ dev: z.boolean().optional(), devOptional: z.boolean().optional() }),
  ),
});

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
  await buildImage({ name, base, files: await projectFiles(), entrypoint, workingDir, user, env }, path);
}

/** What of this project is in the image. */
async function projectFiles(): Promise<ImageFile[]> {
  const lists = imageContents.files.map(async ([from, to]): Promise<ImageFile[]> =>
    from === 'node_modules'
      ? await productionPackages(to)
      : [{ from: join(root, from), to, include: (path) => !path.endsWith('README.md') }],
  );
  return (await Promise.all(lists)).flat();
}

/** As `npm install --omit=dev` would leave them, without the links to programs. */
async function productionPackages(to: string): Promise<ImageFile[]> {
  const lock = Lock.parse(JSON.parse(await readFile(join(root, 'node_modules/.package-lock.json'), 'utf8')));
  const wanted = Object.entries(lock.packages).filter(
    ([, { dev, devOptional }]) => dev !== true && devOptional !== true,
  );
  return wanted.map(([path]) => ({
    from: join(root, path),
    to: join(to, path.replace(/^node_modules\//, '')),
    // Packages within packages are in the list themselves.
    include: (inside) => inside.split('/')[0] !== 'node_modules' && !isUnneeded(inside),
  }));
}

function isUnneeded(path: string): boolean {
  return imageContents.unneeded.some((end) => path.endsWith(end));
}
