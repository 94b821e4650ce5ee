// What the operator tells Prometheus. Entry: createMetrics, one registry for each operator. It measures
// nothing itself but the event loop: the parts report to it. The table in admin/README.md lists every name.
import { Registry } from 'prom-client';
import { watchEventLoop } from './event-loop-delay.ts';
import { addEventLoopDelay, addProcess } from './metrics/node.ts';
import { prefix } from './metrics/prefix.ts';
import { addQuotas, type QuotaMetrics } from './metrics/quotas.ts';
import { addRules, type RuleMetrics } from './metrics/rules.ts';
import { addSecurity, type SecurityMetrics } from './metrics/security.ts';
import { addState, type StateMetrics } from './metrics/state.ts';
import { addTelemetrySignals, type TelemetryMetrics } from './metrics/telemetry.ts';
import { addXds, type XdsMetrics } from './metrics/xds.ts';

export type { CertificateEnds } from './metrics/security.ts';
export type { Stage } from './metrics/state.ts';

export interface Metrics
  extends XdsMetrics, StateMetrics, SecurityMetrics, RuleMetrics, TelemetryMetrics, QuotaMetrics {
  /** Content type of `render`. */
  readonly contentType: string;
  /** The text that Prometheus scrapes. */
  render(): Promise<string>;
  /** Names of all metrics of our own. */
  names(): readonly string[];
  /** Ends the measuring of the event loop. */
  close(): void;
}

export function createMetrics(): Metrics {
  const registry = new Registry();
  const loop = watchEventLoop();
  addEventLoopDelay(registry, loop);
  const xds = addXds(registry);
  const state = addState(registry);
  const security = addSecurity(registry);
  addProcess(registry);

  return {
    contentType: registry.contentType,
    render: () => registry.metrics(),
    names: () =>
      registry
        .getMetricsAsArray()
        .map(({ name }) => name)
        .filter((name) => name.startsWith(prefix)),
    close: () => loop.close(),
    ...xds,
    ...state,
    ...security,
    ...addRules(registry),
    ...addTelemetrySignals(registry),
    ...addQuotas(registry),
  };
}
