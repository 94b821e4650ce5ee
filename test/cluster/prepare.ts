// Makes this machine able to run a cluster: installs tools, builds programs. Entries: `node test/cluster/prepare.ts`
// (minutes, the first time; with --if-possible it is no failure if no cluster can run here), prepare, clusterAvailable.
import type { Say } from '../../demo/programs/build-once.ts';
import { hasGo } from '../../demo/programs/cache.ts';
import { print, runMain } from './cli.ts';
import type { ProgramFolders } from './components.ts';
import { canInstall, findPluginFolder, installPackages, machineProblem, missingPackages } from './machine.ts';
import { buildPrograms, findPrograms } from './programs.ts';

export interface Prepared {
  readonly programs: ProgramFolders;
  readonly pluginFolder: string;
}

export type Availability =
  { readonly available: true } | { readonly available: false; readonly reason: string };

const howToPrepare = 'run `node_modules/.bin/node test/cluster/prepare.ts` (minutes, once)';

/** Whether startCluster can work here as things are; the reason is a sentence for the person who runs the tests. */
export async function clusterAvailable(): Promise<Availability> {
  const prepared = await findPrepared();
  return 'reason' in prepared ? { available: false, reason: prepared.reason } : { available: true };
}

/** What a cluster needs, if all of it is there. */
export async function findPrepared(): Promise<Prepared | { readonly reason: string }> {
  const problem = await machineProblem();
  if (problem !== undefined) return { reason: problem };
  const packages = await missingPackages();
  const pluginFolder = await findPluginFolder();
  if (packages.length > 0 || pluginFolder === undefined) {
    return { reason: `A cluster needs ${packages.join(', ')}: ${await howToInstall()}.` };
  }
  const programs = await findPrograms();
  if (programs !== undefined) return { programs, pluginFolder };
  const how = hasGo() ? howToPrepare : `install Go 1.24 or later and ${howToPrepare}`;
  return { reason: `The programs of the cluster are not built yet: ${how}.` };
}

async function howToInstall(): Promise<string> {
  return (await canInstall()) ? howToPrepare : 'install them, by the names they have on this system';
}

/** Installs and builds what is missing. @throws Error with a sentence that says what to do */
export async function prepare(say: Say): Promise<Prepared> {
  const problem = await machineProblem();
  if (problem !== undefined) throw new Error(problem);
  const packages = await missingPackages();
  if (packages.length > 0 && (await canInstall())) {
    say(`installing ${packages.join(' ')}`);
    await installPackages(packages);
    const still = await missingPackages();
    if (still.length > 0) {
      throw new Error(`${still.join(', ')}: installed, but not found. Is /usr/sbin in your PATH?`);
    }
  }
  if ((await findPrograms()) === undefined && hasGo()) await buildPrograms(say);
  const prepared = await findPrepared();
  if ('reason' in prepared) throw new Error(prepared.reason);
  return prepared;
}

async function main(): Promise<void> {
  const problem = await machineProblem();
  if (problem !== undefined && process.argv.includes('--if-possible')) {
    print(`NOT PREPARED, and what needs a cluster will not run: ${problem}`);
    return;
  }
  const { programs } = await prepare(print);
  print(`A cluster can run here: its programs are in ${programs.apiServer} and ${programs.node}.`);
}

if (import.meta.main) await runMain(main);
