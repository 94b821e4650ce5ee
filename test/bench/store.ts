// What an hour of traffic takes in memory, and what durations would in shorter slots: `node --expose-gc test/bench/store.ts CALLERS SECONDS`.
import { noTags, type Point } from '../../operator/telemetry/point.ts';
import { Ring } from '../../operator/telemetry/ring.ts';
import { TrafficStore } from '../../operator/telemetry/store.ts';
import { durationBounds } from '../../operator/values/sidecar-names.ts';

const workloads = 1_000;
const width = durationBounds.length + 1;
const buckets = Array.from({ length: width }, (_, at) => (at > 2 && at < 7 ? 3 : 0));

/** MB that are more after it. */
function measured(make: () => void): { readonly live: number; readonly resident: number } {
  const before = settled();
  make();
  const after = settled();
  return { live: (after.live - before.live) / 1e6, resident: (after.resident - before.resident) / 1e6 };
}

function settled(): { readonly live: number; readonly resident: number } {
  globalThis.gc?.();
  const { heapUsed, arrayBuffers, rss } = process.memoryUsage();
  return { live: heapUsed + arrayBuffers, resident: rss };
}

function filledStore(callers: number): TrafficStore {
  const store = new TrafficStore();
  for (let at = 0; at < workloads; at += 1)
    store.add(`Pod/shop/workload-${at}-7c9d8f6b5-x2x4z`, pointsOf(callers), 1_000);
  return store;
}

function pointsOf(callers: number): readonly Point[] {
  return Array.from({ length: callers }, (_, at): readonly Point[] => {
    const tags = { ...noTags, source: `spiffe://cluster.local/ns/shop/sa/caller-${at}`, port: '9080' };
    return [
      {
        metric: 'inbound.requests',
        tags: { ...tags, code: '200', route: 'shop/reviews/default' },
        count: 12,
        buckets: null,
      },
      { metric: 'inbound.duration', tags, count: 12, buckets },
    ];
  }).flat();
}

const [callers = 10, seconds = 300] = process.argv.slice(2).map(Number);
const held: unknown[] = [];
const store = measured(() => held.push(filledStore(callers)));
const rings = measured(() =>
  held.push(
    Array.from({ length: workloads * callers }, () => {
      const ring = new Ring({ slotMs: seconds * 1000, width });
      ring.add(buckets, 1_000);
      return ring;
    }),
  ),
);
process.stdout.write(
  [
    `${workloads} workloads, ${callers} callers each: live, resident`,
    `all that is kept: ${store.live.toFixed(0)} MB, ${store.resident.toFixed(0)} MB`,
    `as many durations in slots of ${seconds} s: ${rings.live.toFixed(0)} MB, ${rings.resident.toFixed(0)} MB`,
    '',
  ].join('\n'),
);
