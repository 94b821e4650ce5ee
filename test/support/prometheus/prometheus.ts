// A real Prometheus that scrapes what a test names. Entry: startPrometheus.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { Closing } from '../data-plane/closing.ts';
import { startChild } from '../kubernetes/child.ts';
import { freePort } from '../kubernetes/free-port.ts';
import { poll } from '../kubernetes/poll.ts';
import { findPrometheus } from './programs.ts';

export interface Target {
  readonly job: string;
  readonly path: string;
  /** On this machine. */
  readonly port: number;
}

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Prometheus {
  /** An instant query. */
  query(expression: string): Promise<readonly Sample[]>;
  /** The sum of what it selects; 0 if that is nothing. */
  sum(expression: string): Promise<number>;
}

const Answer = z.object({
  data: z.object({
    result: z.array(
      z.object({ metric: z.record(z.string(), z.string()), value: z.tuple([z.number(), z.string()]) }),
    ),
  }),
});

/** @param rules files of rules. Default: none */
export async function startPrometheus(
  targets: readonly Target[],
  closing: Closing,
  rules: readonly string[] = [],
): Promise<Prometheus> {
  const programs = await findPrometheus();
  if (programs === null) throw new Error('Put prometheus on the PATH, or run where apt-get can fetch it.');
  const dir = await mkdtemp(join(tmpdir(), 'meshwright-prometheus-'));
  closing.add(() => rm(dir, { recursive: true, force: true }));
  const config = join(dir, 'prometheus.json');
  await writeFile(config, JSON.stringify(configuration(targets, rules)));
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
  await poll(async () => ((await isReady(origin)) ? true : undefined), {
    intervalMs: 50,
    deadlineMs: 60_000,
  });
  const query = async (expression: string): Promise<readonly Sample[]> => {
    const response = await fetch(`${origin}/api/v1/query?query=${encodeURIComponent(expression)}`);
    if (!response.ok) throw new Error(`${expression}: ${await response.text()}`);
    const { data } = Answer.parse(await response.json());
    return data.result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
  };
  return {
    query,
    sum: async (expression) => (await query(expression)).reduce((sum, { value }) => sum + value, 0),
  };
}

async function isReady(origin: string): Promise<boolean> {
  try {
    return (await fetch(`${origin}/-/ready`)).ok;
  } catch {
    return false;
  }
}

/** JSON is YAML. */
function configuration(targets: readonly Target[], rules: readonly string[]): object {
  return {
    global: { scrape_interval: '1s', evaluation_interval: '1s' },
    rule_files: rules,
    scrape_configs: targets.map(({ job, path, port }) => ({
      job_name: job,
      metrics_path: path,
      static_configs: [{ targets: [`127.0.0.1:${port}`] }],
    })),
  };
}
