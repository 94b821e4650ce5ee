// What is reported to this operator is on its page, and nothing that was reported to another one; with the labels that the Mesh asks for, and
// within its limit.
import { expect, test } from '@jest/globals';
import { defaultMetrics, type MetricsIr } from '../../../operator/ir/mesh-ir.ts';
import { noTags, type Point } from '../../../operator/telemetry/point.ts';
import { TrafficStore } from '../../../operator/telemetry/store.ts';
import { noObservations } from '../../../operator/telemetry/observations.ts';
import { createBoard } from '../../../operator/wiring/board.ts';
import { createTrafficMetrics } from '../../../operator/wiring/traffic-metrics.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { sampleMesh, sampleWorkload } from '../../support/mesh-samples.ts';
import { rememberingLog } from '../../support/remembering-log.ts';

const workload = 'ExternalWorkload/shop/server';

interface Bench {
  readonly board: ReturnType<typeof createBoard>;
  readonly wants: (metrics: Partial<MetricsIr>) => void;
  readonly report: (...routes: readonly string[]) => void;
  readonly page: () => string;
}

function start(): Bench {
  const board = createBoard();
  const store = new TrafficStore();
  board.observations.define(() => ({ ...noObservations, counted: () => store.series() }));
  createTrafficMetrics(board, { clock: new FakeClock(), log: rememberingLog().log });
  const wants = (metrics: Partial<MetricsIr>): void => {
    const { settings, ...ir } = sampleMesh({ workloads: [sampleWorkload('server')] });
    const all = { ...settings, metrics: { ...defaultMetrics, ...metrics } };
    board.translation.set({ ...board.translation.get(), ir: { ...ir, settings: all } });
  };
  const report = (...routes: readonly string[]): void => {
    const points = routes.map((route): Point => {
      const tags = { ...noTags, source: '10.0.0.1', port: '80', code: '200', route };
      return { metric: 'inbound.requests', tags, count: 1, buckets: null };
    });
    store.add(workload, points, 0);
    board.ownCounts.set({ workload, points });
  };
  wants({});
  return { board, wants, report, page: () => [...board.trafficMetrics.get().pieces].join('') };
}

const routes = (count: number): readonly string[] => Array.from({ length: count }, (_, at) => `/${at}`);

test('counts of sidecars are shown with names', () => {
  const { board, report, page } = start();
  report('a', 'b', 'c');
  const tags = { ...noTags, source: '10.0.0.1', port: '80', code: '200' };
  board.peerCounts.set({ workload, points: [{ metric: 'inbound.requests', tags, count: 9, buckets: null }] });

  expect(board.trafficMetrics.get().type).toContain('version=0.0.4');
  expect(page()).toMatch(
    /^meshwright_requests_total\{reporter="destination",.*destination_workload="server",.*\} 3$/m,
  );
});

test('labels that the Mesh asks for', () => {
  const { wants, report, page } = start();
  report('a');
  wants({ labels: ['Port', 'Route', 'ResponseCode'] });
  expect(page()).not.toContain('meshwright_requests_total{');
  report('a', 'a');

  expect(page()).toMatch(/port="80",route="a",response_code="200"\} 2$/m);
});

test('what would be too much is folded before it is applied, and the Mesh is told', () => {
  const { board, wants, report, page } = start();
  report(...routes(900));
  wants({ labels: ['Route'], maxSeries: 500 });

  expect(board.metricsReport.get()).toEqual({ maxSeries: 500, folded: ['route'] });
  report(...routes(900));
  expect(page()).toMatch(/route="other"\} 900$/m);

  wants({ maxSeries: 500 });
  expect(board.metricsReport.get().folded).toEqual([]);
});

test('a caller of 100,000 routes costs no more than the limit, and no count is lost', () => {
  const { board, wants, report, page } = start();
  wants({ labels: ['Route'], maxSeries: 1_000 });
  report(...routes(100_000));

  expect(board.metricsReport.get()).toEqual({ maxSeries: 1_000, folded: ['route'] });
  expect(page()).toMatch(/route="other"\} 100000$/m);
  expect(page()).toContain('meshwright_traffic_label_folded{label="route"} 1');
});
