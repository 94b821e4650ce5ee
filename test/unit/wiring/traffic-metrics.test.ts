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

const names = ['server', 'a', 'b', 'c', 'd', 'e', 'f', 'g'];
const keyOf = (name: string): string => `ExternalWorkload/shop/${name}`;
const workload = keyOf('server');

interface Bench {
  readonly board: ReturnType<typeof createBoard>;
  readonly wants: (metrics: Partial<MetricsIr>) => void;
  readonly report: (...routes: readonly string[]) => void;
  readonly reportAs: (name: string, routes: readonly string[]) => void;
  readonly page: () => string;
}

function start(): Bench {
  const board = createBoard();
  const store = new TrafficStore();
  board.observations.define(() => ({ ...noObservations, counted: () => store.series() }));
  createTrafficMetrics(board, { clock: new FakeClock(), log: rememberingLog().log });
  const wants = (metrics: Partial<MetricsIr>): void => {
    const { settings, ...ir } = sampleMesh({ workloads: names.map((name) => sampleWorkload(name)) });
    const all = { ...settings, metrics: { ...defaultMetrics, ...metrics } };
    board.translation.set({ ...board.translation.get(), ir: { ...ir, settings: all } });
  };
  const reportAs = (name: string, routes: readonly string[]): void => {
    const points = routes.map((route): Point => {
      const tags = { ...noTags, source: '10.0.0.1', port: '80', code: '200', route };
      return { metric: 'inbound.requests', tags, count: 1, buckets: null };
    });
    store.add(keyOf(name), points, 0);
    board.ownCounts.set({ workload: keyOf(name), points });
  };
  const report = (...routes: readonly string[]): void => reportAs('server', routes);
  wants({});
  return { board, wants, report, reportAs, page: () => [...board.trafficMetrics.get().pieces].join('') };
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
  const { board, wants, reportAs, page } = start();
  for (const name of names) reportAs(name, routes(120));
  wants({ labels: ['Route'], maxSeries: 1_000 });

  expect(board.metricsReport.get()).toEqual({ maxSeries: 1_000, folded: ['route'] });
  for (const name of names) reportAs(name, routes(120));
  expect(page()).toMatch(/destination_workload="a",.*route="other"\} 120$/m);

  wants({ maxSeries: 1_000 });
  expect(board.metricsReport.get().folded).toEqual([]);
});

test('one workload that reports 100,000 routes costs no more than its share, no count is lost, and nothing changes for others', () => {
  const { board, wants, report, reportAs, page } = start();
  wants({ labels: ['Route'], maxSeries: 1_000 });
  reportAs('a', routes(100));
  report(...routes(100_000));
  reportAs('a', routes(100));

  expect(board.metricsReport.get().folded).toEqual([]);
  expect(page()).toMatch(/destination_workload="server",.*route="other"\} 100000$/m);
  expect(page()).toMatch(/destination_workload="a",.*route="\/99"\} 2$/m);
  expect(page()).toContain(
    'meshwright_traffic_workload_folded{reporter="destination",namespace="shop",workload="server",label="route"} 1',
  );
});

test('what it knows of the last hour counts no more than its share before a change, either', () => {
  const { board, wants, report, reportAs, page } = start();
  report(...routes(900));
  wants({ labels: ['Route'], maxSeries: 1_000 });
  reportAs('a', ['/a']);
  report('/b');

  expect(board.metricsReport.get().folded).toEqual([]);
  expect(page()).toMatch(/destination_workload="a",.*route="\/a"\} 1$/m);
  expect(page()).toMatch(/destination_workload="server",.*route="other"\} 1$/m);
});
