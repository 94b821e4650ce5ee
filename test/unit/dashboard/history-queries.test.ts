// What Prometheus is asked: the series of a node and no others, whatever its name holds, over times that those who look at once share.
import { expect, test } from '@jest/globals';
import { addressOf, queriesOf } from '../../../operator/dashboard/history/queries.ts';
import { type Range, rangeNamed, spanOf } from '../../../operator/dashboard/history/range.ts';
import { type Subject, subjectOf, wholeMesh } from '../../../operator/dashboard/history/subject.ts';
import { sampleWorkload } from '../../support/mesh-samples.ts';
import { expectGolden } from '../../support/golden.ts';

const pod = (name: string): ReturnType<typeof sampleWorkload> =>
  sampleWorkload(name, { kind: 'Pod', key: `Pod/shop/${name}` });
const owners = new Map([
  ['Pod/shop/reviews-1', 'Deployment/reviews-v1'],
  ['Pod/shop/reviews-2', 'Deployment/reviews-v1'],
  ['Pod/shop/reviews-3', 'StatefulSet/reviews.v2'],
]);
const service = { id: 'service/shop/reviews', kind: 'service', namespace: 'shop', name: 'reviews' } as const;
const known = (name: string): Range => {
  const found = rangeNamed(name);
  if (found === undefined) throw new Error(`there is no range ${name}`);
  return found;
};
const range = known('6h');

test('a Service: by its own name and by those of its workloads; a workload: by its name; the mesh: all', () => {
  const pods = ['reviews-1', 'reviews-2', 'reviews-3', 'reviews-bare'].map(pod);
  const workload = { ...service, id: 'workload/shop/vm', kind: 'workload', name: 'vm' } as const;

  expectGolden('test/golden/dashboard', 'history-queries', {
    service: queriesOf(subjectOf(service, pods, owners), range),
    workload: queriesOf(subjectOf(workload, [sampleWorkload('vm')], owners), range),
    mesh: queriesOf(wholeMesh, range),
  });
});

test('pods by themselves have no name there', () => {
  const bare = { ...service, kind: 'workload', name: 'bare' } as const;

  expect(subjectOf(bare, [pod('bare')], owners).matchers).toEqual([]);
});

test('names are quoted, and mean nothing to a regular expression', () => {
  const name = 'a"} or vector(1) \\ \n{x="';
  const subject: Subject = {
    what: 'x',
    matchers: [{ destination_service: name }, { destination_workload: ['a.*|b', 'c"\\'] }],
  };

  expect(queriesOf(subject, range).connections).toBe(
    String.raw`sum(rate(meshwright_tcp_connections_total{destination_service="a\"} or vector(1) \\ \n{x=\""}[300s]) or rate(meshwright_tcp_connections_total{destination_workload=~"a\\.\\*\\|b|c\"\\\\"}[300s]))`,
  );
});

test.each([
  ['6h', 121],
  ['24h', 145],
  ['7d', 169],
])('%s has %i points, and each second is in one of them', (name, points) => {
  const { length, step, window } = known(name);

  expect(length / step + 1).toBe(points);
  expect(window).toBeGreaterThanOrEqual(step);
});

test('within half a minute the time is the same; there is no other range', () => {
  const at = Date.parse('2026-03-01T12:00:00Z');

  expect(spanOf(range, at + 29_999)).toEqual(spanOf(range, at));
  expect(spanOf(range, at + 30_000).end).toBe(at / 1000 + 30);
  expect(['1h', '', '6', '600d', 'constructor'].map(rangeNamed)).toEqual(Array(5).fill(undefined));
});

test('the address: below the path of the URL, nothing of the query escapes', () => {
  const address = addressOf('http://prometheus:9090/shop', 'up{a="b&end=0#x"}', {
    start: 0,
    end: 60,
    step: 30,
    timeoutSeconds: 5,
  });

  expect(address.origin + address.pathname).toBe('http://prometheus:9090/shop/api/v1/query_range');
  expect([...address.searchParams]).toEqual([
    ['query', 'up{a="b&end=0#x"}'],
    ['start', '0'],
    ['end', '60'],
    ['step', '30'],
    ['timeout', '5s'],
  ]);
  expect(address.hash).toBe('');
});
