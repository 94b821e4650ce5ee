// The operator's /metrics follow the conventions of Prometheus, as promtool judges them.
// Entry: checkMetrics, and `node test/static/promtool.ts`. promtool is the one of PATH, or comes from Debian's package.
import { spawnSync } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createMetrics } from '../../operator/process/metrics.ts';
import { cacheFolder } from '../support/kubernetes/assets.ts';
import { buildOnce } from '../support/kubernetes/build.ts';
import { mustRun } from '../../demo/wheel.ts';
import { isOnPath, notRun, print, type Verdict } from './verdict.ts';

export async function checkMetrics(): Promise<Verdict> {
  const promtool = await findPromtool();
  if (promtool === null) return notRun('promtool check metrics', 'Put promtool (of Prometheus) on the PATH.');
  const { status } = spawnSync(promtool, ['check', 'metrics'], {
    input: await sampleMetrics(),
    stdio: ['pipe', 'inherit', 'inherit'],
  });
  return status === 0 ? 'passed' : 'failed';
}

/** All metrics that an operator may show, each with a value. */
async function sampleMetrics(): Promise<string> {
  const metrics = createMetrics();
  const type = 'type.googleapis.com/envoy.config.cluster.v3.Cluster';
  metrics.streams(1);
  metrics.pushed(type, 1);
  metrics.acked(type);
  metrics.nacked(type);
  metrics.converged(5);
  for (const stage of ['translate', 'build', 'publish'] as const) metrics.stageDone(stage, 1);
  metrics.certificatesExpire({
    root: new Date(1000),
    intermediate: new Date(1000),
    leaves: [['shop', 1000]],
  });
  metrics.ruleRefused(
    { enforcement: 'Audit', namespace: 'a', policy: 'b', rule: 'c', caller: 'a/d', callee: 'a/e' },
    1,
  );
  metrics.statusWritten('success');
  metrics.resourcesInvalid(0);
  try {
    return await metrics.render();
  } finally {
    metrics.close();
  }
}

async function findPromtool(): Promise<string | null> {
  if (isOnPath('promtool')) return 'promtool';
  if (!isOnPath('apt-get') || !isOnPath('dpkg-deb')) return null;
  const folder = await buildOnce(
    { folder: cacheFolder('promtool'), programs: ['promtool'], fill: fetchFromDebian },
    print,
  );
  return join(folder, 'promtool');
}

/** Downloads the package with lists of its own: no root is needed, and nothing is installed. */
async function fetchFromDebian(work: string, out: string): Promise<void> {
  print('fetching promtool from the Debian package prometheus');
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
    `mv unpacked/usr/bin/promtool ${out}/promtool`,
  ];
  await mustRun(['sh', '-c', steps.join(' && ')], 'promtool cannot be fetched');
}

if (import.meta.main) process.exitCode = (await checkMetrics()) === 'failed' ? 1 : 0;
