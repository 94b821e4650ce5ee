// Where the programs are that watch the shop; fetched or built once, if need be.
import { DemoError } from '../demo-error.ts';
import { isOnPath, hasGo } from '../programs/cache.ts';
import { buildCollector, findCollector } from '../programs/collector.ts';
import { findPrometheus } from '../programs/prometheus.ts';
import type { Programs } from './watchers.ts';

/** @throws DemoError with one sentence that says what to do */
export async function findPrograms(say: (line: string) => void): Promise<Programs> {
  const found = await findPrometheus(say);
  if (found === null)
    throw new DemoError(
      'Prometheus is needed: put prometheus and promtool on the PATH, or run where apt-get is.',
    );
  return { prometheus: found.prometheus, collector: await collector(say) };
}

async function collector(say: (line: string) => void): Promise<string> {
  const built = await findCollector();
  if (built.available) return built.program;
  if (isOnPath('otelcol')) return 'otelcol';
  if (hasGo()) return buildCollector(say);
  throw new DemoError(
    'An OpenTelemetry Collector is needed: put otelcol on the PATH, or install Go 1.26 or later, to build it once.',
  );
}
