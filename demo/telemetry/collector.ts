// What an OpenTelemetry Collector has received of the shop. Entry: readCollector.
import { z } from 'zod';
import { anyone, figureKey, type Readings, type What } from './figures.ts';
import { added, percentile, type Histogram } from './histogram.ts';
import type { Edge } from './mix.ts';
import { Attributes, readCollected } from './otlp-files.ts';

const Numbers = z.array(z.coerce.number());
const Metric = z.object({
  name: z.string(),
  sum: z
    .object({
      dataPoints: z.array(z.object({ attributes: Attributes, asInt: z.coerce.number().default(0) })),
    })
    .prefault({ dataPoints: [] }),
  histogram: z
    .object({
      dataPoints: z.array(
        z.object({ attributes: Attributes, explicitBounds: Numbers, bucketCounts: Numbers }),
      ),
    })
    .prefault({ dataPoints: [] }),
});

/** What the sidecars of servers counted and refused. */
export async function readCollector(folder: string): Promise<Readings> {
  const tally = new Tally();
  for (const { resource, item } of await readCollected(folder, 'metrics'))
    tally.add(resource['service.name'] ?? '', Metric.parse(item));
  for (const { resource, scope, attributes } of await readCollected(folder, 'logs')) {
    const edge = { from: nameOf(attributes['peer'] ?? ''), to: resource['service.name'] ?? '' };
    if (scope === 'refused') tally.count(edge, 'refused', 1);
  }
  return tally.readings();
}

class Tally {
  readonly #counts = new Map<string, number>();
  readonly #durations = new Map<string, { readonly edge: Edge; readonly histogram: Histogram }>();

  add(to: string, { name, sum, histogram }: z.infer<typeof Metric>): void {
    if (name === 'meshwright.inbound.requests')
      for (const { attributes, asInt } of sum.dataPoints) {
        const edge = { from: nameOf(attributes['source'] ?? ''), to };
        const responses = attributes['code'] ?? '';
        this.count(edge, 'requests', asInt);
        this.count({ from: anyone, to }, 'requests', asInt);
        if (responses.startsWith('4')) this.count(edge, '4xx', asInt);
        if (responses.startsWith('5')) this.count(edge, '5xx', asInt);
      }
    if (name === 'meshwright.inbound.duration')
      for (const { attributes, explicitBounds, bucketCounts } of histogram.dataPoints)
        this.#measured(
          { from: nameOf(attributes['source'] ?? ''), to },
          { bounds: explicitBounds, counts: bucketCounts },
        );
  }

  count(edge: Edge, what: What, value: number): void {
    const key = figureKey(edge, what);
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + value);
  }

  readings(): Readings {
    const durations = [...this.#durations.values()].flatMap(
      ({ edge, histogram }) =>
        [
          [figureKey(edge, 'p50'), percentile(histogram, 0.5)],
          [figureKey(edge, 'p99'), percentile(histogram, 0.99)],
        ] as const,
    );
    return new Map([...this.#counts, ...durations]);
  }

  #measured(edge: Edge, more: Histogram): void {
    const key = figureKey(edge, 'p50');
    const { histogram = { bounds: [], counts: [] } } = this.#durations.get(key) ?? {};
    this.#durations.set(key, { edge, histogram: added(histogram, more) });
  }
}

/** The service account of a SPIFFE ID. */
export function nameOf(identity: string): string {
  return identity.split('/').at(-1) ?? '';
}
