// What Prometheus answers becomes points, gaps included, or a sentence that says what to do.
import { expect, test } from '@jest/globals';
import { type Asked, type Read, readAnswer } from '../../../operator/dashboard/history/answer.ts';
import { historyView } from '../../../operator/dashboard/history/history-view.ts';
import { type QueryName, queryNames } from '../../../operator/dashboard/history/queries.ts';
import type { HistoryView } from '../../../operator/dashboard/views/json-history.ts';
import { answered, matrix, noSeries } from '../../support/dashboard/prometheus-answers.ts';

const span = { start: 1000, end: 1120 };
const range = { name: 'test', length: 120, step: 60, window: 60 };
const read = (asked: Asked): Read => readAnswer(asked, { ...span, step: 60 });
const viewOf = (asked: Partial<Record<QueryName, Asked>>): HistoryView => {
  const reads = new Map(queryNames.map((name) => [name, read(asked[name] ?? noSeries)]));
  return historyView(reads, span, range, 'this workload');
};

test('requests of all classes, the share that failed, durations in milliseconds', () => {
  const view = viewOf({
    requests: matrix({
      '2xx': [
        [1000, '6'],
        [1060, '0'],
        [1120, '9'],
      ],
      '5xx': [
        [1000, '1'],
        [1060, '0'],
      ],
      none: [[1000, '1']],
      '4xx': [[1000, '2']],
    }),
    p50: matrix({
      '': [
        [1000, '0.012'],
        [1060, 'NaN'],
        [1120, '+Inf'],
      ],
    }),
    p99: matrix({ '': [[1120, '2.5']] }),
  });

  expect(view).toEqual({
    from: '1970-01-01T00:16:40.000Z',
    to: '1970-01-01T00:18:40.000Z',
    step: 60,
    window: 60,
    problem: null,
    points: [
      { at: '1970-01-01T00:16:40.000Z', requests: 10, failures: 0.2, p50: 12, p99: null, connections: null },
      {
        at: '1970-01-01T00:17:40.000Z',
        requests: 0,
        failures: null,
        p50: null,
        p99: null,
        connections: null,
      },
      { at: '1970-01-01T00:18:40.000Z', requests: 9, failures: 0, p50: null, p99: 2500, connections: null },
    ],
  });
});

test('a gap is a gap, and what is outside of the time is left out', () => {
  const { points } = viewOf({
    connections: matrix({
      '': [
        [940, '7'],
        [1000, '1'],
        [1120, '3'],
        [1180, '9'],
        [1e300, '9'],
      ],
    }),
  });

  expect(points.map(({ connections }) => connections)).toEqual([1, null, 3]);
});

test('nothing at all: the page says what to check', () => {
  expect(viewOf({})).toMatchObject({
    problem:
      'Prometheus has no data about this workload for this time range. Check that it scrapes /metrics/traffic of the operator: see docs/telemetry.md.',
    points: [],
  });
});

test('what came is shown although one question failed', () => {
  const view = viewOf({ requests: matrix({ '2xx': [[1000, '6']] }), p99: { type: 'late' } });

  expect(view.points[0]?.requests).toBe(6);
  expect(view.problem).toContain('takes too long');
});

/** The event loop has other work: it looks at none of them. */
test.each([
  ['series', Array.from({ length: 21 }, () => ({ metric: {}, values: [[1000, '1']] }))],
  ['points', [{ metric: {}, values: Array.from({ length: 501 }, () => [1000, '1']) }]],
])('more %s than any of our queries has', (_what, result) => {
  const body = { status: 'success', data: { resultType: 'matrix', result } };

  expect(read(answered(JSON.stringify(body)))).toMatchObject({ type: 'problem' });
});

const failure = (errorType: string, error: string, status: number): Asked =>
  answered(JSON.stringify({ status: 'error', errorType, error }), status);

test.each<[string, Asked, string]>([
  [
    'nobody there',
    { type: 'unreachable', reason: 'connect ECONNREFUSED 10.0.0.1:9090' },
    'Prometheus cannot be reached (connect ECONNREFUSED 10.0.0.1:9090). Check spec.telemetry.prometheus.url of the Mesh, and whether network policies let the operator call it.',
  ],
  ['too late', { type: 'late' }, 'Prometheus takes too long to answer.'],
  ['too large', { type: 'large', mostBytes: 256 * 1024 }, 'Prometheus answers with more than 256 KiB.'],
  [
    'an error',
    failure('execution', 'query processing would load too many samples', 422),
    'Prometheus answers with an error: execution: query processing would load too many samples',
  ],
  ['a long error', failure('bad_data', 'x'.repeat(5000), 400), `bad_data: ${'x'.repeat(290)}…`],
  ['a login', answered('<html>secret</html>', 401), 'Prometheus refuses the operator'],
  ['a redirect', answered('', 302), 'Prometheus answers with a redirect'],
  ['a proxy without Prometheus', answered('no healthy upstream', 503), 'Prometheus is not ready (HTTP 503).'],
  ['a page', answered('<html>secret</html>'), 'The server does not answer as Prometheus does (HTTP 200).'],
  [
    'other JSON',
    answered('{"status":"success","data":{"secret":1}}'),
    'does not answer as Prometheus does (HTTP 200)',
  ],
  [
    'a vector',
    answered('{"status":"success","data":{"resultType":"vector","result":[]}}'),
    'does not answer as Prometheus does (HTTP 200)',
  ],
  [
    'success with another status',
    answered('{"status":"success","data":{"resultType":"matrix","result":[]}}', 404),
    'does not answer as Prometheus does (HTTP 404)',
  ],
])('%s', (_what, asked, expected) => {
  const said = read(asked);

  expect(said).toMatchObject({ type: 'problem', problem: expect.stringContaining(expected) });
  expect(JSON.stringify(said)).not.toContain('secret');
});
