// A real Prometheus that scrapes what a test names. Entry: startPrometheus.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findPrometheus } from '../../../demo/programs/prometheus.ts';
import {
  PrometheusClient,
  type Target,
  writePrometheusConfiguration,
} from '../../../demo/telemetry/prometheus.ts';
import { print } from '../../static/verdict.ts';
import type { Closing } from '../data-plane/closing.ts';
import { startChild } from '../kubernetes/child.ts';
import { freePort } from '../kubernetes/free-port.ts';
import { poll } from '../kubernetes/poll.ts';

/** @param rules files of rules. Default: none */
export async function startPrometheus(
  targets: readonly Target[],
  closing: Closing,
  rules: readonly string[] = [],
): Promise<PrometheusClient> {
  const programs = await findPrometheus(print);
  if (programs === null) throw new Error('Put prometheus on the PATH, or run where apt-get can fetch it.');
  const dir = await mkdtemp(join(tmpdir(), 'meshwright-prometheus-'));
  closing.add(() => rm(dir, { recursive: true, force: true }));
  const config = join(dir, 'prometheus.json');
  await writePrometheusConfiguration(config, targets, rules);
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  const child = await startChild(
    [
      programs.prometheus,
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(dir, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    join(dir, 'log'),
  );
  closing.add(() => child.kill());
  const client = new PrometheusClient(origin);
  await poll(async () => ((await client.isReady()) ? true : undefined), {
    intervalMs: 50,
    deadlineMs: 60_000,
  });
  return client;
}
