// The process itself: its event loop, and what prom-client knows of Node.
import { collectDefaultMetrics, Gauge, type Registry } from 'prom-client';
import type { EventLoopDelay } from '../event-loop-delay.ts';
import { prefix } from './prefix.ts';

/** prom-client's gauges whose names say that they are counters; it has the same by kind, under good names. */
const misnamed = ['handles', 'requests', 'resources'].map((kind) => `nodejs_active_${kind}_total`);
/** Never, as far as a timer goes. */
const neverMs = 2 ** 31 - 1;

/** p50, p99 and maximum since the scrape before. */
export function addEventLoopDelay(registry: Registry, loop: EventLoopDelay): void {
  const delay = new Gauge({
    name: `${prefix}event_loop_delay_seconds`,
    help: 'Delay of the event loop since the scrape before.',
    labelNames: ['statistic'],
    registers: [registry],
    collect: () => {
      for (const [statistic, seconds] of Object.entries(loop.take())) delay.set({ statistic }, seconds);
    },
  });
}

/** prom-client's own. It watches the event loop, too, all the time, and cannot be told not to: that goes out again. */
export function addProcess(registry: Registry): void {
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: neverMs });
  for (const { name } of registry.getMetricsAsArray())
    if (name.startsWith('nodejs_eventloop_lag') || misnamed.includes(name)) registry.removeSingleMetric(name);
}
