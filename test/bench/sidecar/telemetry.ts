// What the two sidecars of `make bench S=sidecar ARGS=--telemetry` tell, and who receives it: the operator's own services, on the port of the configuration.
import type { EnvoyMessage } from '../../../operator/envoy/proto/envoy-message.ts';
import { typeUrl } from '../../../operator/envoy/proto/type-urls.ts';
import { statsKey } from '../../../operator/envoy/resources/runtime.ts';
import type { XdsResource, XdsResources } from '../../../operator/envoy/resources/xds-resource.ts';
import type { MeshIr } from '../../../operator/ir/mesh-ir.ts';
import { systemClock } from '../../../operator/process/clock.ts';
import { createLog } from '../../../operator/process/log.ts';
import { createMetrics } from '../../../operator/process/metrics.ts';
import { readSettings } from '../../../operator/process/settings.ts';
import { createBoard } from '../../../operator/wiring/board.ts';
import { createProviders } from '../../../operator/wiring/providers.ts';
import { createTelemetry } from '../../../operator/wiring/telemetry.ts';
import type { GrpcService } from '../../../operator/xds/server/endpoint.ts';
import { MemorySecrets } from '../../support/memory-secrets.ts';
import { sampleAccessLog } from '../../support/mesh-samples.ts';

/**
 * off: neither counts nor lines, which no Mesh can ask for. envoy: the same, with the counters that Envoy has by itself for each cluster and code of a response.
 * counts: no lines. default: what a Mesh without `telemetry` has: counts, and lines about failed requests, of which there are none here.
 * lines: counts, and a line on standard output for each request. full: also a record of each request and a span of each for a provider.
 */
export const telemetryLevels = ['off', 'envoy', 'counts', 'default', 'lines', 'full'] as const;
export type TelemetryLevel = (typeof telemetryLevels)[number];

/** `off,default`: those; what comes first is what others are compared with. '': each. Throws on others. */
export function levelsIn(text: string): readonly TelemetryLevel[] {
  if (text === '') return telemetryLevels;
  return text.split(',').map((name) => {
    const level = telemetryLevels.find((known) => known === name);
    if (level === undefined)
      throw new Error(`there is no level ${name}: choose of ${telemetryLevels.join()}`);
    return level;
  });
}

const provider = 'collector';
const settingsOf: Readonly<Record<TelemetryLevel, Partial<MeshIr['settings']>>> = {
  off: { accessLogs: [] },
  envoy: { accessLogs: [] },
  counts: { accessLogs: [] },
  default: {},
  lines: { accessLogs: [sampleAccessLog] },
  full: {
    accessLogs: [sampleAccessLog, { ...sampleAccessLog, name: 'records', providers: [provider] }],
    tracing: { providers: [provider], percentage: 100, propagation: 'W3C' },
    // Nobody listens there: what a provider does with it costs the operator, not the sidecars.
    providers: [
      {
        name: provider,
        type: 'OpenTelemetry',
        protocol: 'GRPC',
        endpoint: 'http://127.0.0.1:9',
        metrics: true,
      },
    ],
  },
};

export function withTelemetry(mesh: MeshIr, level: TelemetryLevel): MeshIr {
  return { ...mesh, settings: { ...mesh.settings, ...settingsOf[level] } };
}

/** Whether nobody counts for the mesh. */
export function isSilent(level: TelemetryLevel | undefined): boolean {
  return level === 'off' || level === 'envoy';
}

/** Counting is always on in a mesh; here it is not. */
export function countingNothing(resources: XdsResources): XdsResources {
  const off = { [statsKey('inbound')]: 0, [statsKey('outbound')]: 0 };
  return eachOf(resources, typeUrl.runtime, (message) => ({
    ...message,
    layer: { ...(message['layer'] as object), ...off },
  }));
}

/** As Envoy does unless it is told not to. */
export function countingByItself(resources: XdsResources): XdsResources {
  return eachOf(resources, typeUrl.listener, (message) => withOwnStats(message) as EnvoyMessage);
}

function withOwnStats(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withOwnStats);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([key]) => key !== 'dynamic_stats');
  return Object.fromEntries(entries.map(([key, item]) => [key, withOwnStats(item)]));
}

function eachOf(
  resources: XdsResources,
  type: string,
  change: (message: EnvoyMessage) => EnvoyMessage,
): XdsResources {
  const changed = (it: XdsResource): XdsResource =>
    it.typeUrl === type ? { ...it, message: change(it.message) } : it;
  const layers = [...resources.layers].map(([id, all]) => [id, all.map(changed)] as const);
  return { ...resources, layers: new Map(layers) };
}

/** What takes the counts, records and spans of the mesh. */
export function receiving(mesh: MeshIr): () => readonly GrpcService[] {
  const board = createBoard();
  const context = {
    settings: readSettings(['--platform', 'files', '--files', 'f', '--state', 's'], {}),
    clock: systemClock,
    log: createLog('silent'),
    metrics: createMetrics(),
    platform: { secrets: new MemorySecrets() },
  };
  createTelemetry(board, context);
  createProviders(board, context);
  board.identities.set(new Map(mesh.workloads.map((it) => [it.key, it])));
  board.translation.set({ ...board.translation.get(), ir: mesh });
  return () => [...board.telemetryServices.get(), ...board.signalServices.get()];
}
