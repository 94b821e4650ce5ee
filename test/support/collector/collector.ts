// A real OpenTelemetry Collector that writes what it receives into files. Entry: startCollector.
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Closing } from '../data-plane/closing.ts';
import { freePort } from '../kubernetes/free-port.ts';
import { startChild } from '../kubernetes/child.ts';

export interface Collector {
  readonly grpcPort: number;
  readonly httpPort: number;
  readonly zipkinPort: number;
  /** What it received, as OTLP in JSON, one message after the other. */
  logs(): Promise<readonly OtlpJson[]>;
  traces(): Promise<readonly OtlpJson[]>;
  metrics(): Promise<readonly OtlpJson[]>;
  stop(): Promise<void>;
}

/** As the file exporter writes it: names in camelCase, identifiers in hexadecimal. */
export interface OtlpJson {
  readonly resource: Attributes;
  /** Of the scope. */
  readonly scope: string;
  /** A log record, a span or a metric. */
  readonly item: Readonly<Record<string, unknown>>;
  readonly attributes: Attributes;
}

type Attributes = Readonly<Record<string, string>>;

/** @param ports to listen on. Default: free ones */
export async function startCollector(
  program: string,
  closing: Closing,
  ports?: readonly [grpc: number, http: number, zipkin: number],
): Promise<Collector> {
  const dir = await mkdtemp(join(tmpdir(), 'meshwright-collector-'));
  closing.add(() => rm(dir, { recursive: true, force: true }));
  const [grpcPort, httpPort, zipkinPort] = ports ?? [await freePort(), await freePort(), await freePort()];
  const file = (name: string): string => join(dir, `${name}.json`);
  const exporter = (name: string): object => ({ path: file(name), flush_interval: '100ms' });
  const pipeline = (name: string, receivers = ['otlp']): object => ({
    receivers,
    exporters: [`file/${name}`],
  });
  const config = {
    receivers: {
      otlp: {
        protocols: {
          grpc: { endpoint: `127.0.0.1:${grpcPort}` },
          http: { endpoint: `127.0.0.1:${httpPort}` },
        },
      },
      zipkin: { endpoint: `127.0.0.1:${zipkinPort}` },
    },
    exporters: {
      'file/logs': exporter('logs'),
      'file/traces': exporter('traces'),
      'file/metrics': exporter('metrics'),
    },
    service: {
      telemetry: { metrics: { level: 'none' } },
      pipelines: {
        logs: pipeline('logs'),
        traces: pipeline('traces', ['otlp', 'zipkin']),
        metrics: pipeline('metrics'),
      },
    },
  };
  await writeFile(join(dir, 'config.yaml'), JSON.stringify(config));
  const child = await startChild([program, '--config', join(dir, 'config.yaml')], join(dir, 'log'));
  closing.add(() => child.kill());
  const read = async (name: string): Promise<readonly OtlpJson[]> =>
    existsSync(file(name)) ? itemsOf(await readFile(file(name), 'utf8')) : [];
  return {
    grpcPort,
    httpPort,
    zipkinPort,
    logs: () => read('logs'),
    traces: () => read('traces'),
    metrics: () => read('metrics'),
    stop: () => child.kill(),
  };
}

interface Json {
  readonly [key: string]: unknown;
}

/** One line for each message; the last may not be complete. */
function itemsOf(text: string): readonly OtlpJson[] {
  return text
    .split('\n')
    .slice(0, -1)
    .flatMap((line) => {
      const message = JSON.parse(line) as Readonly<Record<string, readonly Json[]>>;
      return Object.values(message).flatMap((resources) => resources.flatMap(itemsOfResource));
    });
}

function itemsOfResource(resource: Json): readonly OtlpJson[] {
  const list = (key: string, of: Json): readonly Json[] => (of[key] ?? []) as readonly Json[];
  const scopes = ['scopeLogs', 'scopeSpans', 'scopeMetrics'].flatMap((key) => list(key, resource));
  return scopes.flatMap((scope) =>
    ['logRecords', 'spans', 'metrics']
      .flatMap((key) => list(key, scope))
      .map((item) => ({
        resource: attributesOf(resource['resource']),
        scope: (scope['scope'] as { readonly name?: string } | undefined)?.name ?? '',
        item,
        attributes: attributesOf(item),
      })),
  );
}

function attributesOf(of: unknown): Attributes {
  const pairs = ((of as Json | undefined)?.['attributes'] ?? []) as readonly {
    readonly key: string;
    readonly value: Readonly<Record<string, unknown>>;
  }[];
  return Object.fromEntries(pairs.map(({ key, value }) => [key, String(Object.values(value)[0])]));
}
