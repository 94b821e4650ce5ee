// What sidecars counted, as it travels to the leader. Pure.
import { type Counted, isMetric, type Point, tagNames, type Tags } from '../telemetry/point.ts';
import { isStored } from '../telemetry/store.ts';
import { durationBounds } from '../values/sidecar-names.ts';
import type { CountedChange } from './changes.ts';

/** Points that wait for the leader to ask for the next batch. It asks every second or so; a thousand sidecars report 2,000 in that time. */
const mostWaiting = 100_000;
/** Of the tags of a point. What is longer waits in place of several. */
const usualCharacters = 300;

export class WaitingCounts {
  #waiting: CountedChange[] = [];
  #points = 0;

  add({ workload, points }: Counted): void {
    if (this.#points > mostWaiting) return;
    const kept = points.filter(({ metric }) => isStored(metric));
    for (const { tags } of kept) this.#points += 1 + Math.floor(charactersOf(tags) / usualCharacters);
    this.#waiting.push({ type: 'counted', workload, points: kept.map(written) });
  }

  take(): readonly CountedChange[] {
    const taken = this.#waiting;
    this.#waiting = [];
    this.#points = 0;
    return taken;
  }
}

function charactersOf(tags: Tags): number {
  return tagNames.reduce((sum, name) => sum + tags[name].length, 0);
}

function written({ metric, tags, count, buckets }: Point): CountedChange['points'][number] {
  const named = Object.fromEntries(Object.entries(tags).filter(([, value]) => value !== ''));
  return { metric, tags: named, count, buckets };
}

/** Without metrics that only another version of the operator knows. */
export function countedOf({ workload, points }: CountedChange): Counted {
  return {
    workload,
    points: points.flatMap(({ metric, tags, count, buckets }): Point[] => {
      const hasBuckets = metric.endsWith('.duration');
      const fits = hasBuckets ? buckets?.length === durationBounds.length + 1 : buckets === null;
      if (!isMetric(metric) || !fits) return [];
      const all = tagNames.map((name) => [name, tags[name] ?? ''] as const);
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Object.fromEntries forgets which names there are
      return [{ metric, tags: Object.fromEntries(all) as Tags, count, buckets }];
    }),
  };
}
