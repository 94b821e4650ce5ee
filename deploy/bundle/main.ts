// `node deploy/bundle/main.ts [folder]`: writes the programs of the image there; by default to dist/.
import { resolve } from 'node:path';
import { writeBundle } from './bundle.ts';

await writeBundle(resolve(process.argv[2] ?? 'dist'));
