// fast-check arbitraries for what a TrafficPolicy says is too much for servers.
import * as fc from 'fast-check';

const from = <T>(pool: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...pool);
const time = from(['1s', '1s500ms', '1m', '1h']);
const count = from([1, 3, 1_000_000]);

const match = fc
  .record(
    {
      path: fc.record({
        type: from(['Exact', 'PathPrefix']),
        value: from(['/', '/a', '/a/', '/my files', '/%7Euser', '/ü', '/a|b']),
      }),
      method: from(['GET', 'LIST', 'M-SEARCH']),
      headers: from([
        [],
        [{ name: 'x-group', value: 'a b' }],
        [{ name: 'X-User', type: 'RegularExpression', value: '[[:alpha:]]+', not: true }],
        [{ name: 'x-user', type: 'Present' }],
      ]),
    },
    { requiredKeys: [] },
  )
  .filter(
    ({ path, method, headers = [] }) => path !== undefined || method !== undefined || headers.length > 0,
  );

const rate = fc.record({ requests: count, per: time, burst: count }, { requiredKeys: ['requests'] });

const limit = fc
  .record(
    { name: from(['all', 'per-caller', 'a']), match, per: from(['All', 'Caller', 'Header', 'Path']), rate },
    { requiredKeys: ['name', 'rate'] },
  )
  .chain((fields) =>
    fields.per === 'Header'
      ? from(['x-user', 'X-Group']).map((header) => ({ ...fields, header }))
      : fc.constant(fields),
  );

const limits = fc.uniqueArray(limit, { selector: ({ name }) => name, maxLength: 3 });

const period = from(['1s', '1s500ms', '10s', '24h']);
const quota = fc
  .record(
    {
      name: from(['all', 'per-caller', 'a']),
      match,
      per: from(['All', 'Caller', 'Header', 'Path']),
      requests: count,
      cost: from([{ header: 'X-Cost' }, { header: 'x-group', default: 2, maximum: 3 }]),
      period,
      window: from(['Fixed', 'Sliding']),
      enforcement: from(['Enforce', 'Audit']),
      whenUnavailable: from(['Share', 'Allow', 'Deny']),
    },
    { requiredKeys: ['name', 'requests', 'period'] },
  )
  .chain((fields) =>
    fields.per === 'Header'
      ? from(['x-user', 'X-Group']).map((header) => ({ ...fields, header }))
      : fc.constant(fields),
  );
const quotas = fc.uniqueArray(quota, { selector: ({ name }) => name, maxLength: 3 });

const adaptiveConcurrency = fc.record(
  {
    maxConcurrency: from([3, 1_000_000]),
    minConcurrency: from([1, 3]),
    measurementInterval: time,
    tolerancePercentage: from([0, 100]),
  },
  { requiredKeys: [] },
);

const admissionControl = fc.record(
  {
    minSuccessPercentage: from([1, 100]),
    window: from(['1s', '1s1ms', '10m']),
    minRequestsPerSecond: from([0, 1_000_000]),
    maxRejectionPercentage: from([1, 99]),
  },
  { requiredKeys: [] },
);

const callerIdentity = fc.record({ header: from(['x-caller', 'X_Caller']) });

/** Each may be there or not. */
export const limitSettings = { limits, quotas, adaptiveConcurrency, admissionControl, callerIdentity };
