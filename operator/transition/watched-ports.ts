// What the counts of sidecars say of one place. Pure.
import type { MtlsPlaceIr } from '../ir/mtls-place.ts';
import type { Observations } from '../telemetry/observations.ts';
import type { Seen, SeenCaller } from './step.ts';

export type PlaceObservations = Pick<Observations, 'lastReportMs' | 'plaintextCallers' | 'portsCalled'>;

export function seenAt({ port, workloads }: MtlsPlaceIr, observations: PlaceObservations): Seen {
  const callers = new Map<string, SeenCaller>();
  for (const { key, namedPorts } of workloads) {
    const ports = port === null ? unnamedPorts(observations.portsCalled(key), namedPorts) : [port];
    for (const called of ports)
      for (const { address, count, lastMs } of observations.plaintextCallers(key, called)) {
        const known = callers.get(address);
        callers.set(address, {
          address,
          count: count + (known?.count ?? 0),
          lastMs: Math.max(lastMs, known?.lastMs ?? 0),
        });
      }
  }
  return {
    callers: [...callers.values()].toSorted((a, b) => b.lastMs - a.lastMs),
    reporters: workloads.map(({ key }) => ({ workload: key, lastMs: observations.lastReportMs(key) })),
  };
}

/** 0: the ports that there was no room to tell apart. */
function unnamedPorts(called: readonly number[], named: readonly number[]): readonly number[] {
  return [...called.filter((port) => !named.includes(port)), 0];
}
