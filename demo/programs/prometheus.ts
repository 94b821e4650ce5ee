// Prometheus and promtool: those of PATH, or of Debian's package. Entry: findPrometheus.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { buildOnce, type Say } from './build-once.ts';
import { mustRun } from '../wheel.ts';
import { cacheFolder, isOnPath } from './cache.ts';

const programs = ['prometheus', 'promtool'] as const;

export type Programs = Readonly<Record<(typeof programs)[number], string>>;

/** Their paths; null: they are not here, and cannot be fetched. */
export async function findPrometheus(say: Say): Promise<Programs | null> {
  if (programs.every((it) => isOnPath(it))) return { prometheus: 'prometheus', promtool: 'promtool' };
  if (!isOnPath('apt-get') || !isOnPath('dpkg-deb')) return null;
  const fill = async (work: string, out: string): Promise<void> => {
    say('fetching prometheus and promtool from the Debian package prometheus');
    await fetchFromDebian(work, out);
  };
  const folder = await buildOnce({ folder: cacheFolder('prometheus'), programs, fill }, say);
  return { prometheus: join(folder, 'prometheus'), promtool: join(folder, 'promtool') };
}

/** Downloads the package with lists of its own: no root is needed, and nothing is installed. */
async function fetchFromDebian(work: string, out: string): Promise<void> {
  const lists = join(work, 'lists');
  const cache = join(work, 'cache');
  await mkdir(join(lists, 'partial'), { recursive: true });
  await mkdir(join(cache, 'archives/partial'), { recursive: true });
  const options = [`Dir::State::lists=${lists}`, `Dir::Cache=${cache}`, 'APT::Sandbox::User=root'];
  const apt = `apt-get --quiet --quiet ${options.map((option) => `-o ${option}`).join(' ')}`;
  const steps = [
    `cd ${work}`,
    `${apt} update`,
    `${apt} download prometheus`,
    'dpkg-deb --extract prometheus_*.deb unpacked',
    `mv unpacked/usr/bin/prometheus unpacked/usr/bin/promtool ${out}/`,
  ];
  await mustRun(['sh', '-c', steps.join(' && ')], 'Prometheus cannot be fetched');
}
