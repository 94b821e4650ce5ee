// The files in which an OpenTelemetry Collector of ours writes what it receives: how it is told so, and what is in them.
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

export interface CollectorPorts {
  /** OTLP over gRPC. */
  readonly grpc: number;
  /** OTLP over HTTP. Default: it does not listen */
  readonly http?: number;
  readonly zipkin?: number;
}

const signals = ['logs', 'traces', 'metrics'] as const;

/** Writes a configuration by which it writes into `folder`. JSON is YAML. */
export async function writeCollectorConfiguration(
  path: string,
  folder: string,
  { grpc, http, zipkin }: CollectorPorts,
): Promise<void> {
  const otlp = { protocols: { grpc: at(grpc), ...(http === undefined ? {} : { http: at(http) }) } };
  const receivers = zipkin === undefined ? ['otlp'] : ['otlp', 'zipkin'];
  const configuration = {
    receivers: { otlp, ...(zipkin === undefined ? {} : { zipkin: at(zipkin) }) },
    exporters: Object.fromEntries(
      signals.map((name) => [`file/${name}`, { path: fileOf(folder, name), flush_interval: '100ms' }]),
    ),
    service: {
      telemetry: { metrics: { level: 'none' } },
      pipelines: Object.fromEntries(
        signals.map((name) => [
          name,
          { receivers: name === 'traces' ? receivers : ['otlp'], exporters: [`file/${name}`] },
        ]),
      ),
    },
  };
  await writeFile(path, JSON.stringify(configuration));
}

/** Names and values, as text. */
export const Attributes = z
  .array(z.object({ key: z.string(), value: z.record(z.string(), z.unknown()) }))
  .default([])
  .transform((pairs) =>
    Object.fromEntries(pairs.map(({ key, value }) => [key, String(Object.values(value)[0])])),
  );
type Attributes = z.infer<typeof Attributes>;

const Items = z.array(z.looseObject({ attributes: Attributes })).default([]);
const Scopes = z
  .array(
    z.object({
      scope: z.object({ name: z.string().default('') }).prefault({}),
      logRecords: Items,
      spans: Items,
      metrics: Items,
    }),
  )
  .default([]);
const Message = z.record(
  z.string(),
  z.array(
    z.object({
      resource: z.object({ attributes: Attributes }).prefault({}),
      scopeLogs: Scopes,
      scopeSpans: Scopes,
      scopeMetrics: Scopes,
    }),
  ),
);

/** A log record, a span or a metric, as the file exporter writes it: names in camelCase, identifiers in hexadecimal. */
export interface OtlpJson {
  readonly resource: Attributes;
  /** Name of the scope. */
  readonly scope: string;
  readonly item: Readonly<Record<string, unknown>>;
  readonly attributes: Attributes;
}

/** What it received so far, one message after the other. */
export async function readCollected(
  folder: string,
  signal: (typeof signals)[number],
): Promise<readonly OtlpJson[]> {
  const path = fileOf(folder, signal);
  if (!existsSync(path)) return [];
  // One line for each message; the last may not be complete.
  const lines = (await readFile(path, 'utf8')).split('\n').slice(0, -1);
  return lines.flatMap((line) => {
    const resources = Object.values(Message.parse(JSON.parse(line))).flat();
    return resources.flatMap(({ resource, scopeLogs, scopeSpans, scopeMetrics }) =>
      [...scopeLogs, ...scopeSpans, ...scopeMetrics].flatMap(({ scope, logRecords, spans, metrics }) =>
        [...logRecords, ...spans, ...metrics].map((item) => ({
          resource: resource.attributes,
          scope: scope.name,
          item,
          attributes: item.attributes,
        })),
      ),
    );
  });
}

function at(port: number): object {
  return { endpoint: `127.0.0.1:${port}` };
}

function fileOf(folder: string, signal: string): string {
  return join(folder, `${signal}.json`);
}
