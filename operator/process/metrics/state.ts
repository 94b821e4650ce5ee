// What the operator works on: the stages of a publication, statuses, resources.
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { prefix } from './prefix.ts';

/** The stages of a publication that are timed. */
export type Stage = 'translate' | 'build' | 'publish';

export interface StateMetrics {
  stageDone(stage: Stage, durationMs: number): void;
  statusWritten(result: 'success' | 'failure'): void;
  /** Resources of the present snapshot that our own checks refused. */
  resourcesInvalid(count: number): void;
}

const stageBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

export function addState(registry: Registry): StateMetrics {
  return { ...addStages(registry), ...addResults(registry) };
}

function addStages(registry: Registry): Pick<StateMetrics, 'stageDone'> {
  const stage = (name: Stage, help: string): Histogram =>
    new Histogram({
      name: `${prefix}${name}_duration_seconds`,
      help,
      buckets: stageBuckets,
      registers: [registry],
    });
  const stages: Readonly<Record<Stage, Histogram>> = {
    translate: stage('translate', 'Time to make the mesh from all objects.'),
    build: stage('build', 'Time to make Envoy resources from the mesh.'),
    publish: stage('publish', 'Time to check, encode and publish Envoy resources.'),
  };
  return { stageDone: (name, durationMs) => stages[name].observe(durationMs / 1000) };
}

function addResults(registry: Registry): Pick<StateMetrics, 'statusWritten' | 'resourcesInvalid'> {
  const registers = [registry];
  const writes = new Counter({
    name: `${prefix}status_writes_total`,
    help: 'Statuses written to the platform.',
    labelNames: ['result'],
    registers,
  });
  const invalid = new Gauge({
    name: `${prefix}resources_invalid`,
    help: 'Resources that our own checks keep from the proxies.',
    registers,
  });
  return {
    statusWritten: (result) => writes.inc({ result }),
    resourcesInvalid: (count) => invalid.set(count),
  };
}
