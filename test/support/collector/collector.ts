// A real OpenTelemetry Collector that writes what it receives into files. Entry: startCollector.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type OtlpJson,
  readCollected,
  writeCollectorConfiguration,
} from '../../../demo/telemetry/otlp-files.ts';
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

/** @param ports to listen on. Default: free ones */
export async function startCollector(
  program: string,
  closing: Closing,
  ports?: readonly [grpc: number, http: number, zipkin: number],
): Promise<Collector> {
  const dir = await mkdtemp(join(tmpdir(), 'meshwright-collector-'));
  closing.add(() => rm(dir, { recursive: true, force: true }));
  const [grpcPort, httpPort, zipkinPort] = ports ?? [await freePort(), await freePort(), await freePort()];
  const config = join(dir, 'config.yaml');
  await writeCollectorConfiguration(config, dir, { grpc: grpcPort, http: httpPort, zipkin: zipkinPort });
  const child = await startChild([program, '--config', config], join(dir, 'log'));
  closing.add(() => child.kill());
  return {
    grpcPort,
    httpPort,
    zipkinPort,
    logs: () => readCollected(dir, 'logs'),
    traces: () => readCollected(dir, 'traces'),
    metrics: () => readCollected(dir, 'metrics'),
    stop: () => child.kill(),
  };
}
