// The programs of the image, each as one file that holds what is used of all packages: Node reads, strips and links hundreds of
// files at every start otherwise, and keeps their text in memory. Entry: writeBundle. See docs/decisions/015-one-bundled-file.md.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { z } from 'zod';
import { definitionsAsText, jsonAsText, standIns } from './plugins.ts';
import { licensesOf } from './licenses.ts';

const root = join(import.meta.dirname, '../..');
const programs = [
  'main',
  'check',
  'dashboard',
  'explain',
  'networkpolicy',
  'suggest',
  'uninstall',
  'intercept',
] as const;

/** Of the licenses of what is in the files. */
const licenseFile = 'third-party-licenses.txt';

/** What `writeBundle` leaves in its folder. */
export const bundleFiles: readonly string[] = [
  ...programs.flatMap((program) => [`${program}.cjs`, `${program}.cjs.map`]),
  licenseFile,
];

/** Writes `bundleFiles`; they need nothing beside them. */
export async function writeBundle(folder: string): Promise<void> {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: programs.map((program) => `operator/${program}.ts`),
    outdir: folder,
    outExtension: { '.js': '.cjs' },
    bundle: true,
    platform: 'node',
    target: 'node24',
    // Where an ES module imports one of Node's, Node looks at all that it exports, and so loads undici (30 ms, 3 MB).
    format: 'cjs',
    // Node keeps the text in memory: in twice as many bytes if a single character, of a comment, is not Latin-1. Names stay, and
    // there are lines: a stack trace is read by them.
    minifyWhitespace: true,
    lineLimit: 160,
    // Paths only: the text is in the repository.
    sourcemap: true,
    sourcesContent: false,
    legalComments: 'none',
    plugins: [standIns(root), definitionsAsText, jsonAsText],
    metafile: true,
    logLevel: 'warning',
  });
  const inputs = [...Object.keys(metafile.inputs), ...(await siteInputs())];
  await writeFile(join(folder, licenseFile), await licensesOf(root, inputs));
}

/** Packages of the dashboard's front end are in one of the inputs, as text. */
async function siteInputs(): Promise<readonly string[]> {
  const site = z.object({ inputs: z.array(z.string()) });
  return site.parse(JSON.parse(await readFile(join(root, 'operator/dashboard/generated/site.json'), 'utf8')))
    .inputs;
}
