// A Prometheus that scrapes the operator, and what it says of the shop.
import { writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { anyone, figureKey, type Readings, type What } from './figures.ts';

export interface Target {
  readonly job: string;
  readonly path: string;
  /** On this machine. */
  readonly port: number;
}

/** Writes its configuration: JSON is YAML. @param rules files of rules */
export async function writePrometheusConfiguration(
  path: string,
  targets: readonly Target[],
  rules: readonly string[] = [],
): Promise<void> {
  const configuration = {
    global: { scrape_interval: '1s', evaluation_interval: '1s' },
    rule_files: rules,
    scrape_configs: targets.map((target) => ({
      job_name: target.job,
      metrics_path: target.path,
      static_configs: [{ targets: [`127.0.0.1:${target.port}`] }],
    })),
  };
  await writeFile(path, JSON.stringify(configuration));
}

const Answer = z.object({
  data: z.object({
    result: z.array(
      z.object({ metric: z.record(z.string(), z.string()), value: z.tuple([z.number(), z.string()]) }),
    ),
  }),
});

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Asks a Prometheus. */
export class PrometheusClient {
  readonly origin: string;

  constructor(origin: string) {
    this.origin = origin;
  }

  async isReady(): Promise<boolean> {
    return fetch(`${this.origin}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
  }

  /** An instant query. */
  async query(expression: string): Promise<readonly Sample[]> {
    const response = await fetch(`${this.origin}/api/v1/query?query=${encodeURIComponent(expression)}`);
    if (!response.ok) throw new Error(`${expression}: ${await response.text()}`);
    const { data } = Answer.parse(await response.json());
    return data.result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
  }

  /** The sum of what it selects; 0 if that is nothing. */
  async sum(expression: string): Promise<number> {
    return (await this.query(expression)).reduce((sum, { value }) => sum + value, 0);
  }
}

/** Whose counts: those of the sidecars of callers know the Service that was called, those of servers their service account. */
const calledLabel = { source: 'destination_service', destination: 'destination_service_account' } as const;

/** What the sidecars of callers (`source`) or of servers (`destination`) have counted, by queries as anybody would write them. */
export async function readPrometheus(
  client: PrometheusClient,
  reporter: keyof typeof calledLabel,
): Promise<Readings> {
  const called = calledLabel[reporter];
  const by = `source_service_account, ${called}`;
  const readings = new Map<string, number>();
  const add = (labels: Sample['labels'], what: What, value: number): void => {
    const [from = '', to = ''] = [labels['source_service_account'], labels[called]];
    const key = figureKey({ from, to }, what);
    readings.set(key, (readings.get(key) ?? 0) + value);
    const total = figureKey({ from: anyone, to }, 'requests');
    if (what === 'requests') readings.set(total, (readings.get(total) ?? 0) + value);
  };
  const counts = await client.query(
    `sum by (${by}, response_class) (meshwright_requests_total{reporter="${reporter}"})`,
  );
  for (const { labels, value } of counts) {
    add(labels, 'requests', value);
    if (labels['response_class'] === '4xx') add(labels, '4xx', value);
    if (labels['response_class'] === '5xx') add(labels, '5xx', value);
  }
  for (const [what, share] of [
    ['p50', 0.5],
    ['p99', 0.99],
  ] as const) {
    const buckets = `sum by (${by}, le) (meshwright_request_duration_seconds_bucket{reporter="${reporter}"})`;
    // oxlint-disable-next-line no-await-in-loop -- two
    for (const { labels, value } of await client.query(`histogram_quantile(${share}, ${buckets})`))
      add(labels, what, value * 1000);
  }
  return readings;
}

/** Milliseconds, ascending. */
export async function bucketBounds(client: PrometheusClient): Promise<readonly number[]> {
  const buckets = await client.query('group by (le) (meshwright_request_duration_seconds_bucket)');
  return buckets
    .map(({ labels }) => Number(labels['le']) * 1000)
    .filter(Number.isFinite)
    .toSorted((a, b) => a - b);
}
