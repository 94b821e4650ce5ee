// What sidecars count comes in on the xDS port, and is kept for an hour.
import { status } from '@grpc/grpc-js';
import type { ExportCall } from '../xds/server/export-method.ts';
import { observationsOf } from '../telemetry/observations.ts';
import { OwnRules } from '../telemetry/own-rules.ts';
import { Pace } from '../telemetry/pace.ts';
import type { Counted } from '../telemetry/point.ts';
import { RefusalSeries } from '../telemetry/refusal-series.ts';
import { type Reporter, telemetryService } from '../telemetry/service.ts';
import { TrafficStore } from '../telemetry/store.ts';
import type { Now } from '../telemetry/window.ts';
import { authorizeStream } from '../xds/server/authorize-stream.ts';
import { sourceOf } from './expected-source.ts';
import type { Context, Made, Reads, Writes } from './part.ts';

type Cells = Reads<'identities' | 'translation' | 'peerCounts'> &
  Writes<'telemetryServices' | 'ownCounts' | 'observations'>;

export type TelemetryContext = Pick<Context, 'settings' | 'clock' | 'log'> & {
  readonly metrics: Pick<Context['metrics'], 'telemetryReported' | 'ruleRefused'>;
};

export function createTelemetry(
  { identities, translation, peerCounts, telemetryServices, ownCounts, observations }: Cells,
  { settings, clock, log, metrics }: TelemetryContext,
): Required<Pick<Made, 'leaderCallbacks'>> {
  const store = new TrafficStore();
  const pace = new Pace({ perSecond: 1, burst: 20 });
  const countRefusals = refusalCounter({ identities, translation }, { clock, metrics });
  let startMs = clock.monotonicMs();

  const reporterOf = (call: ExportCall, nodeId: string): Reporter => {
    const decision = authorizeStream({ call, peer: call.getPeer() }, nodeId, {
      identityOf: (key) => identities.get()?.get(key)?.identity.spiffeId,
      sourceOf: (key) => sourceOf(identities.get()?.get(key), settings),
      isTransportSecure: true,
    });
    if (decision.type === 'allowed') return { workload: decision.workload };
    if (decision.type === 'denied') return { workload: null, code: decision.code, reason: decision.message };
    const reason = decision.reason ?? `no workload is known as ${decision.workload}`;
    return { workload: null, code: status.PERMISSION_DENIED, reason };
  };

  const take = ({ workload, points }: Counted): void => {
    store.add(workload, points, clock.monotonicMs());
    observations.changed();
  };
  peerCounts.subscribe(() => {
    const counted = peerCounts.get();
    if (counted !== null) take(counted);
  });
  const service = telemetryService({
    reporterOf,
    allow: (workload) => pace.allow(workload, clock.monotonicMs()),
    reported: (workload, { points, refused }) => {
      metrics.telemetryReported('taken');
      countRefusals(workload, points);
      if (refused > 0) log.debug({ workload, refused }, 'counts of a sidecar left out');
      const counted = { workload, points };
      take(counted);
      ownCounts.set(counted);
    },
    refused: (why, peer, reason) => {
      metrics.telemetryReported('refused');
      log.debug({ peer, why, reason }, 'report of a sidecar refused');
    },
  });
  telemetryServices.set([service]);
  const now = (): Now => ({ monotonicMs: clock.monotonicMs(), wallMs: clock.now() });
  const seen = observationsOf(store, { now, startMs: () => startMs });
  observations.define(() => seen);
  return {
    leaderCallbacks: {
      // What other sidecars counted before was told to somebody else.
      onStartedLeading: () => {
        startMs = clock.monotonicMs();
      },
      onStoppedLeading: () => Promise.resolve(),
    },
  };
}

/** Refusals for Prometheus: of rules that the workload has. */
function refusalCounter(
  { identities, translation }: Reads<'identities' | 'translation'>,
  { clock, metrics }: Pick<TelemetryContext, 'clock' | 'metrics'>,
): (workload: string, points: Counted['points']) => void {
  const refusals = new RefusalSeries();
  const rules = new OwnRules();
  translation.subscribe(() => {
    const { ir } = translation.get();
    if (ir !== null) rules.update(ir.workloads, clock.monotonicMs());
  });
  return (workload, points) => {
    const callee = identities.get()?.get(workload)?.identity.spiffeId ?? '';
    const hasRule = (rule: string): boolean => rules.has(workload, rule, clock.monotonicMs());
    for (const point of points) {
      const labels = refusals.labelsOf(point, callee, hasRule);
      if (labels !== null) metrics.ruleRefused(labels, point.count);
    }
  };
}
