// The dashboard's front end as the files that the operator serves: `node operator/dashboard/generate.ts`.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { build } from 'esbuild';

const web = join(import.meta.dirname, 'web');
const root = join(import.meta.dirname, '../..');
const copied = ['index.html', 'icon.svg'] as const;

const { outputFiles, metafile } = await build({
  absWorkingDir: root,
  entryPoints: { app: join(web, 'main.tsx'), style: join(web, 'app.css') },
  outdir: join(web, 'out'),
  entryNames: '[name]',
  bundle: true,
  format: 'iife',
  platform: 'browser',
  target: ['es2023', 'chrome123', 'firefox121', 'safari17.5'],
  jsx: 'automatic',
  jsxImportSource: 'preact',
  minify: true,
  legalComments: 'none',
  charset: 'ascii',
  write: false,
  metafile: true,
  logLevel: 'warning',
});
const files = Object.fromEntries([
  ...(await Promise.all(
    copied.map(async (name) => [name, await readFile(join(web, name), 'utf8')] as const),
  )),
  ...outputFiles.map(({ path, text }) => [relative(join(web, 'out'), path), text] as const),
]);
await mkdir(join(import.meta.dirname, 'generated'), { recursive: true });
/** `inputs`: for their licenses. */
const site = { files, inputs: Object.keys(metafile.inputs).toSorted() };
await writeFile(join(import.meta.dirname, 'generated/site.json'), JSON.stringify(site));
