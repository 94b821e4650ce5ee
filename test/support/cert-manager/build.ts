// Builds cert-manager's controllers and webhook (main.go) from its Go module into the cache folder, once for each version, with its
// definitions beside them. Entry: `node test/support/cert-manager/build.ts`; minutes with an empty cache.
import { createHash } from 'node:crypto';
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { buildOnce, type Say } from '../../../demo/programs/build-once.ts';
import { cacheFolder, hasGo, missingFrom } from '../../../demo/programs/cache.ts';
import { go } from '../../../demo/programs/go.ts';

const version = '1.21.2';
const programs = ['cert-manager'] as const;
const module = 'github.com/cert-manager/cert-manager';

const ModuleDownload = z.object({ Dir: z.string() });

/** What is to be built: another main.go is another program. */
async function folder(): Promise<string> {
  const source = await readFile(join(import.meta.dirname, 'main.go'));
  const digest = createHash('sha256').update(source).digest('hex').slice(0, 8);
  return cacheFolder(`cert-manager-${version}-${digest}`);
}

export type CertManagerAssets =
  | { readonly available: true; readonly program: string; readonly crds: string }
  | { readonly available: false; readonly reason: string };

/** crds: a folder. */
export async function findCertManager(): Promise<CertManagerAssets> {
  const built = await folder();
  if ((await missingFrom(built, programs)).length === 0)
    return { available: true, program: join(built, 'cert-manager'), crds: join(built, 'crds') };
  const how = hasGo() ? '' : 'Install Go 1.26 or later, and ';
  return {
    available: false,
    reason: `${how}run \`node test/support/cert-manager/build.ts\` (minutes, once), which builds cert-manager.`,
  };
}

async function fill(work: string, out: string, say: Say): Promise<void> {
  // A path below cert-manager's own, as the program imports its internal packages. It is never published.
  const goMod = `module ${module}/standalone\n\ngo 1.26.0\n\nrequire ${module} v${version}\n`;
  await writeFile(join(work, 'go.mod'), goMod);
  await copyFile(join(import.meta.dirname, 'main.go'), join(work, 'main.go'));
  say(`cert-manager ${version}: modules`);
  const { Dir } = ModuleDownload.parse(
    JSON.parse(await go(['mod', 'download', '-json', `${module}@v${version}`], work)),
  );
  // -e: tests of its dependencies may not resolve, and are not built.
  await go(['mod', 'tidy', '-e'], work);
  say(`cert-manager ${version}: controllers and webhook`);
  await go(['build', '-trimpath', '-ldflags', '-s -w', '-o', join(out, 'cert-manager'), '.'], work);
  const crds = join(Dir, 'deploy', 'crds');
  await mkdir(join(out, 'crds'));
  const files = (await readdir(crds)).filter((name) => name.endsWith('.yaml'));
  await Promise.all(
    files.map(async (name) => writeFile(join(out, 'crds', name), await readFile(join(crds, name)))),
  );
}

if (import.meta.main) {
  const started = Date.now();
  const say: Say = (line) => {
    process.stdout.write(`[${((Date.now() - started) / 1000).toFixed(0)} s] ${line}\n`);
  };
  const target = {
    folder: await folder(),
    programs,
    fill: (work: string, out: string) => fill(work, out, say),
  };
  say(`cert-manager is in ${await buildOnce(target, say)}`);
}
