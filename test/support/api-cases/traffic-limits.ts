// Cases of TrafficPolicy: what is too much for servers, and how they learn who calls.
import { type ApiCase, casesOf } from './api-case.ts';

const { valid, refused } = casesOf('TrafficPolicy');
const policy = (settings: object): object => ({
  targetRefs: [{ kind: 'Service', name: 'reviews' }],
  ...settings,
});
const limit = (fields: object): object =>
  policy({ limits: [{ name: 'one', rate: { requests: 10 }, ...fields }] });
const one = 'spec.limits[0]';

const rates: readonly ApiCase[] = [
  valid('a rate', limit({})),
  valid('a rate with a burst', limit({ rate: { requests: 1_000_000, per: '1h', burst: 1 } })),
  ...['All', 'Caller', 'Path'].map((per) => valid(`a rate per ${per}`, limit({ per }))),
  valid('a rate for each value of a header', limit({ per: 'Header', header: 'X-User_1' })),
  ...[{ path: { value: '/my files' } }, { method: 'GET' }, { headers: [{ name: 'x', type: 'Present' }] }].map(
    (match) => valid(`a rate of requests with ${Object.keys(match).join()}`, limit({ match })),
  ),
  refused('no requests', limit({ rate: { requests: 0 } }), { field: `${one}.rate.requests` }),
  ...['0s', '999ms', '1h1ms'].map((per) =>
    refused(`requests per ${per}`, limit({ rate: { requests: 1, per } }), {
      field: `${one}.rate.per`,
      message: 'Set per between 1s and 1h.',
    }),
  ),
  refused('a header that is not named', limit({ per: 'Header' }), {
    field: one,
    message: 'Set header for per: Header; remove it otherwise.',
  }),
  refused('a header for nothing', limit({ per: 'Caller', header: 'x-user' }), {
    field: one,
    message: 'Set header for per: Header; remove it otherwise.',
  }),
  ...['x%user', ':path', 'x user'].map((header) =>
    refused(`the header ${header}`, limit({ per: 'Header', header }), {
      field: `${one}.header`,
      message: 'Write the name of a header in letters, digits',
    }),
  ),
  refused('a header of sidecars', limit({ per: 'Header', header: 'X-Meshwright-Limit-Caller' }), {
    field: `${one}.header`,
    message: 'Choose another name: headers that begin with x-meshwright- are reserved.',
  }),
  refused('a match of nothing', limit({ match: {} }), {
    field: `${one}.match`,
    message: 'Set a field of match, or leave match out to limit all requests.',
  }),
  refused(
    'an expression for a path',
    limit({ match: { path: { type: 'RegularExpression', value: '/.*' } } }),
    {
      field: `${one}.match.path.type`,
    },
  ),
  refused('a path that is not normalized', limit({ match: { path: { value: '/a//b' } } }), {
    field: `${one}.match.path`,
    message: 'Write the path as it is after normalization',
  }),
  refused(
    'two limits of one name',
    policy({ limits: [1, 2].map((requests) => ({ name: 'one', rate: { requests } })) }),
    { field: 'spec.limits[1]' },
  ),
];

const overload: readonly ApiCase[] = [
  valid('adaptive concurrency as it is by default', policy({ adaptiveConcurrency: {} })),
  valid(
    'adaptive concurrency of one',
    policy({ adaptiveConcurrency: { maxConcurrency: 1, minConcurrency: 1 } }),
  ),
  refused('a minimum beyond the maximum', policy({ adaptiveConcurrency: { maxConcurrency: 2 } }), {
    field: 'spec.adaptiveConcurrency',
    message: 'Set maxConcurrency to at least minConcurrency.',
  }),
  refused(
    'a latency that is always measured',
    policy({ adaptiveConcurrency: { measurementInterval: '0s' } }),
    {
      field: 'spec.adaptiveConcurrency.measurementInterval',
      message: 'Set measurementInterval between 1s and 1h.',
    },
  ),
  refused(
    'a tolerance of more than twice the time',
    policy({ adaptiveConcurrency: { tolerancePercentage: 101 } }),
    {
      field: 'spec.adaptiveConcurrency.tolerancePercentage',
    },
  ),
  valid('admission control as it is by default', policy({ admissionControl: {} })),
  refused('admission of nobody', policy({ admissionControl: { maxRejectionPercentage: 100 } }), {
    field: 'spec.admissionControl.maxRejectionPercentage',
  }),
  ...['0s', '10m1ms'].map((window) =>
    refused(`responses of ${window}`, policy({ admissionControl: { window } }), {
      field: 'spec.admissionControl.window',
      message: 'Set window between 1s and 10m.',
    }),
  ),
];

const quota = (fields: object): object =>
  policy({ quotas: [{ name: 'one', requests: 10, period: '1h', ...fields }] });
const first = 'spec.quotas[0]';

const quotas: readonly ApiCase[] = [
  valid('a quota', quota({ requests: 1_000_000, period: '24h' })),
  ...['All', 'Caller', 'Path'].map((per) => valid(`a quota per ${per}`, quota({ per }))),
  valid('a quota for each value of a header', quota({ per: 'Header', header: 'X-User_1' })),
  valid('a quota with costs', quota({ cost: { header: 'X-Cost', default: 2, maximum: 5 } })),
  refused(
    'costs of which the default is more than the maximum',
    quota({ cost: { header: 'x-cost', default: 3, maximum: 2 } }),
    {
      field: `${first}.cost`,
      message: 'Set default to no more than maximum.',
    },
  ),
  ...[{ default: 0 }, { maximum: 1 }, { maximum: 11 }].map((fields) =>
    refused(`costs with ${JSON.stringify(fields)}`, quota({ cost: { header: 'x-cost', ...fields } }), {
      field: `${first}.cost.${Object.keys(fields)[0]}`,
    }),
  ),
  refused('costs of a header that is reserved', quota({ cost: { header: 'X-Meshwright-Cost' } }), {
    field: `${first}.cost.header`,
  }),
  valid('a quota with a burst', quota({ window: 'Sliding', burst: 5 })),
  valid('a quota that only tells', quota({ enforcement: 'Audit', whenUnavailable: 'Allow' })),
  refused('a burst of a fixed window', quota({ burst: 5 }), {
    field: first,
    message: 'Set window to Sliding for a burst',
  }),
  refused('a quota of nothing', quota({ requests: 0 }), { field: `${first}.requests` }),
  ...['0s', '999ms', '24h1ms'].map((period) =>
    refused(`a quota per ${period}`, quota({ period }), {
      field: `${first}.period`,
      message: 'Set period between 1s and 24h.',
    }),
  ),
  ...[{ per: 'Header' }, { per: 'Caller', header: 'x-user' }].map((fields) =>
    refused(`a quota with ${JSON.stringify(fields)}`, quota(fields), {
      field: first,
      message: 'Set header for per: Header; remove it otherwise.',
    }),
  ),
  refused(
    'two quotas of one name',
    policy({ quotas: [1, 2].map((requests) => ({ name: 'one', requests, period: '1m' })) }),
    {
      field: 'spec.quotas[1]',
    },
  ),
  refused(
    'a quota of a Service of another namespace',
    {
      targetRefs: [{ kind: 'Service', namespace: 'qa', name: 'reviews' }],
      quotas: [{ name: 'one', requests: 1, period: '1m' }],
    },
    { field: 'spec', message: 'Remove limits, quotas, adaptiveConcurrency' },
  ),
];

const callers: readonly ApiCase[] = [
  valid('the identity of callers in a header', policy({ callerIdentity: { header: 'X-Caller_1' } })),
  ...['x caller', ':path', 'x.caller'].map((header) =>
    refused(`the identity of callers in ${header}`, policy({ callerIdentity: { header } }), {
      field: 'spec.callerIdentity.header',
      message: 'Write the name of a header in letters, digits',
    }),
  ),
  ...['Host', 'X-Forwarded-Client-Cert', 'x_forwarded_for', 'x-envoy-max-retries', 'Transfer_Encoding'].map(
    (header) =>
      refused(`the identity of callers in ${header}`, policy({ callerIdentity: { header } }), {
        field: 'spec.callerIdentity.header',
        message: 'Choose another name, such as x-caller',
      }),
  ),
];

export const trafficLimitCases: readonly ApiCase[] = [...rates, ...overload, ...quotas, ...callers];
