// Prometheus is asked when somebody looks, once for all who look at the same, and never by many at a time.
import { setImmediate } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import type { Asked } from '../../../operator/dashboard/history/answer.ts';
import { History } from '../../../operator/dashboard/history/history.ts';
import type { HistoryView } from '../../../operator/dashboard/views/json-history.ts';
import type { Source } from '../../../operator/dashboard/views/source.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { knownMesh, knownSource } from '../../support/dashboard/known-mesh.ts';
import { matrix } from '../../support/dashboard/prometheus-answers.ts';

const reviews = 'service/shop/reviews';

function named(url: string | null = 'http://prometheus:9090'): Source {
  const ir = knownMesh();
  return knownSource({
    ir: { ...ir, settings: { ...ir.settings, ...(url !== null && { prometheusUrl: url }) } },
    nowMs: 1_200_000_000_000,
  });
}

/** A Prometheus that answers when the test says so, or when it is no longer waited for. */
class SlowPrometheus {
  readonly clock = new FakeClock();
  readonly asked: URL[] = [];
  readonly #open: ((asked: Asked) => void)[] = [];
  readonly history = new History({
    clock: this.clock,
    ask: async (address, signal) => {
      if (signal.aborted) return { type: 'late' };
      this.asked.push(address);
      return new Promise((resolve) => {
        this.#open.push(resolve);
        signal.addEventListener('abort', () => resolve({ type: 'late' }));
      });
    },
  });

  async answers(asked: Asked = matrix({ '2xx': [[1_199_999_970, '4']] })): Promise<void> {
    await setImmediate();
    for (const resolve of this.#open.splice(0)) resolve(asked);
    await setImmediate();
  }
}

test('those who look at the same share one answer, for half a minute', async () => {
  const prometheus = new SlowPrometheus();
  const look = async (nowMs = 0): Promise<unknown> =>
    prometheus.history.view({ ...named(), nowMs: named().nowMs + nowMs }, reviews, '6h');
  const views = Array.from({ length: 8 }, async () => look());
  await prometheus.answers();

  expect(prometheus.asked).toHaveLength(4);
  expect(new Set((await Promise.all(views)).map((it) => JSON.stringify(it))).size).toBe(1);
  prometheus.clock.spend(29_000);
  void look(29_000);
  await setImmediate();
  expect(prometheus.asked).toHaveLength(4);
  prometheus.clock.spend(1_000);
  void look(30_000);
  await setImmediate();
  expect(prometheus.asked).toHaveLength(8);
});

/** The admin server answers sixteen requests of the dashboard at a time. */
test('while Prometheus is slow, eight may wait for it: the other views are answered', async () => {
  const prometheus = new SlowPrometheus();
  const look = async (): Promise<HistoryView | null> => prometheus.history.view(named(), reviews, '6h');
  const first = Array.from({ length: 8 }, look);
  const ninth = look();
  await prometheus.answers();

  expect((await ninth)?.problem).toContain('Too many people are looking');
  expect((await Promise.all(first)).map((view) => view?.problem)).toEqual(Array(8).fill(null));
  expect((await look())?.problem).toBeNull();
  expect(prometheus.asked).toHaveLength(4);
});

test('what failed is asked again after five seconds', async () => {
  const prometheus = new SlowPrometheus();
  const first = prometheus.history.view(named(), reviews, '6h');
  await prometheus.answers({ type: 'unreachable', reason: 'ECONNREFUSED' });

  expect((await first)?.problem).toContain('cannot be reached (ECONNREFUSED)');
  prometheus.clock.spend(4_999);
  void prometheus.history.view(named(), reviews, '6h');
  await setImmediate();
  expect(prometheus.asked).toHaveLength(4);
  prometheus.clock.spend(1);
  const second = prometheus.history.view(named(), reviews, '6h');
  await prometheus.answers();
  expect((await second)?.problem).toBeNull();
});

test('another node, another range, another Prometheus: another answer', async () => {
  const prometheus = new SlowPrometheus();
  for (const [source, id, range] of [
    [named(), reviews, '6h'],
    [named(), reviews, '7d'],
    [named(), 'service/shop/front', '6h'],
    [named(), '', '6h'],
    [named('https://elsewhere/shop'), reviews, '6h'],
  ] as const) {
    const view = prometheus.history.view(source, id, range);
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await prometheus.answers();
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    expect((await view)?.problem).toBeNull();
  }

  expect(prometheus.asked).toHaveLength(20);
  expect(prometheus.asked.at(-1)?.href).toMatch(/^https:\/\/elsewhere\/shop\/api\/v1\/query_range\?query=/);
});

test('two nodes at a time; who waits longer than five seconds is told so, and too many are turned away', async () => {
  const prometheus = new SlowPrometheus();
  const ranges = ['6h', '24h', '7d'];
  const ids = ['', reviews, 'service/shop/front'];
  const views = ids.flatMap((id) => ranges.map(async (range) => prometheus.history.view(named(), id, range)));
  await setImmediate();

  expect(prometheus.asked).toHaveLength(8);
  await prometheus.clock.pass(5_000);
  const problems = (await Promise.all(views)).map((view) => view?.problem);
  expect(problems).toEqual([
    ...Array(8).fill(expect.stringContaining('Prometheus takes too long')),
    expect.stringContaining('Too many people are looking'),
  ]);
  expect(prometheus.asked).toHaveLength(8);
  expect(prometheus.clock.pending).toBe(0);
});

test('there is no such node, or no such range; nobody is asked', async () => {
  const prometheus = new SlowPrometheus();
  const { history } = prometheus;

  expect(await history.view(named(), 'service/shop/gone', '6h')).toBeNull();
  expect(await history.view(named(), '"} or vector(1)', '6h')).toBeNull();
  expect(await history.view(named(), reviews, '1h')).toBeNull();
  expect(await history.view(named(null), reviews, '6h')).toMatchObject({
    problem: expect.stringContaining('The Mesh names no Prometheus'),
    points: [],
  });
  expect((await history.view(named(), 'workload/shop/nightly-1', '6h'))?.problem).toContain('cannot tell');
  expect(prometheus.asked).toEqual([]);
});
