// The access logs that the Mesh asks for: what of them stands in listeners, and which runtime values have a sidecar write them. Who writes
// what, and how much of it, is switched by RTDS; a filter or a form of its own comes with the listener (decision 078).
import type { AccessLogIr } from '../../ir/access-log.ts';
import type { MeshSettingsIr, WorkloadIr } from '../../ir/mesh-ir.ts';
import type { Origin } from '../../ir/origin.ts';
import type { TracingIr } from '../../ir/provider.ts';
import type { EnvoyMessage } from '../proto/envoy-message.ts';
import {
  connectionLogKey,
  failedConnectionLogKey,
  failedRequestLogKey,
  namedLogKey,
  probeLogKey,
  requestLogKey,
} from './runtime.ts';
import { type SampledTraces, sampledTraces } from './sampling.ts';
import type { Direction } from './vantage.ts';

/** What the listeners of a sidecar say of the access logs of the Mesh. */
export interface ListenerLogs {
  readonly logs: readonly AccessLogIr[];
  /** null: sidecars take no part in traces. */
  readonly tracing: SampledTraces | null;
  /** The Mesh, if there is any of these. */
  readonly origins: readonly Origin[];
}

const noLogs: ListenerLogs = { logs: [], tracing: null, origins: [] };

/** Of a workload, by the names of the sampling rules that it obeys besides those that all do. */
export type ListenerLogsOf = (sampling?: readonly string[]) => ListenerLogs;

/** Remembers: the same as before while listeners would say the same. */
export function createListenerLogs(): (
  accessLogs: MeshSettingsIr['accessLogs'],
  tracing: MeshSettingsIr['tracing'],
  mesh: Origin,
) => ListenerLogsOf {
  let last: { readonly key: string; readonly of: ListenerLogsOf } = { key: '', of: () => noLogs };
  return (accessLogs, tracing, mesh) => {
    const logs = accessLogs.filter((log) => !isUsual(log));
    const traced = tracing && { ...tracing, providers: [] };
    const key = JSON.stringify([
      mesh,
      traced,
      ...logs.map(({ name, filter, outcome, format, probes, providers }) => [
        name,
        filter,
        outcome,
        format,
        probes,
        providers.length > 0,
      ]),
    ]);
    if (last.key !== key) last = { key, of: listenerLogs(logs, traced, mesh) };
    return last.of;
  };
}

function listenerLogs(logs: readonly AccessLogIr[], tracing: TracingIr | null, mesh: Origin): ListenerLogsOf {
  if (logs.length === 0 && tracing === null) return () => noLogs;
  const known = new Map<string, ListenerLogs>();
  return (sampling = []) => {
    const traces = tracing && sampledTraces(tracing, sampling);
    const key = JSON.stringify(traces);
    const found = known.get(key) ?? { logs, tracing: traces, origins: [mesh] };
    known.set(key, found);
    return found;
  };
}

/** It says what the logger says that every listener has anyway. */
function isUsual({ filter, format, providers }: AccessLogIr): boolean {
  return providers.length === 0 && filter === null && format.type === 'JSON' && format.fields === null;
}

/** Of a sidecar that writes those that all do and these. */
export function logValues(
  accessLogs: MeshSettingsIr['accessLogs'],
  named: WorkloadIr['accessLogs'],
): EnvoyMessage {
  const written = accessLogs.filter(({ everywhere, name }) => everywhere || named.includes(name));
  return {
    ...valuesOf(written, 'inbound'),
    ...valuesOf(written, 'outbound'),
    ...(written.some((log) => isUsual(log) && log.probes) && { [probeLogKey]: 100 }),
  };
}

function valuesOf(written: readonly AccessLogIr[], direction: Direction): EnvoyMessage {
  const ofDirection = written.filter(({ directions }) => directions.includes(spelled[direction]));
  const usual = ofDirection.filter(isUsual);
  const others = ofDirection.filter((log) => !isUsual(log));
  // Their lines have one form.
  const ofConnections = ofDirection.filter(
    ({ filter, providers }) => filter === null && providers.length === 0,
  );
  return {
    [requestLogKey(direction)]: most(usual, 'Any'),
    [failedRequestLogKey(direction)]: most(usual, 'Failed'),
    [connectionLogKey(direction)]: most(ofConnections, 'Any'),
    [failedConnectionLogKey(direction)]: most(ofConnections, 'Failed'),
    ...Object.fromEntries(others.map((log) => [namedLogKey(log.name, direction), log.percentage])),
  };
}

const spelled = { inbound: 'Inbound', outbound: 'Outbound' } as const;

function most(logs: readonly AccessLogIr[], outcome: AccessLogIr['outcome']): number {
  const percentages = logs.filter((log) => log.outcome === outcome).map(({ percentage }) => percentage);
  return Math.max(0, ...percentages);
}
