// Cases of TrafficPolicy.
import { type ApiCase, casesOf } from './api-case.ts';

const { valid, refused } = casesOf('TrafficPolicy');
const targetRefs = [{ kind: 'Service', name: 'reviews' }];
const subsets = [
  { name: 'v1', matchLabels: { version: 'v1' } },
  { name: 'v2', matchLabels: { version: 'v2' } },
];
const targeting = (...refs: object[]): object => ({ targetRefs: refs });
const routing = (...routes: object[]): object => ({ targetRefs, subsets, routes });
const matching = (match: object): object => routing({ matches: [match] });
const path = (type: string, value: string): object => matching({ path: { type, value } });
const header = (type: string, value: string): object =>
  matching({ headers: [{ type, name: 'x-user', value }] });
const pathField = 'spec.routes[0].matches[0].path';
const headerField = 'spec.routes[0].matches[0].headers[0]';
const timing = (timeout: string, perTryTimeout: string): object =>
  routing({ timeout: { request: timeout }, retry: { attempts: 1, perTryTimeout } });
const re2 = 'Write value in the RE2 syntax';
const retryOn = (...conditions: string[]): object => routing({ retry: { attempts: 1, retryOn: conditions } });
const many = (count: number): object[] => Array.from({ length: count }, () => ({}));

const targets: readonly ApiCase[] = [
  refused('a target alone', { targetRefs }, { field: 'spec', message: 'Set a field besides targetRefs' }),
  valid('settings for a Service', { targetRefs, timeout: { request: '3s' }, retry: { attempts: 0 } }),
  valid('settings for a Namespace and the Mesh', {
    ...targeting({ kind: 'Namespace', name: 'shop' }, { kind: 'Mesh', name: 'my.mesh' }, ...targetRefs),
    retry: { retryOn: ['Reset'] },
  }),
  ...['Namespace', 'Mesh'].flatMap((kind) => [
    refused(
      `routes for a ${kind}`,
      { ...targeting({ kind, name: 'shop' }), routes: [{}] },
      { field: 'spec', message: 'Remove routes and subsets, or target only Services' },
    ),
    refused(
      `subsets for a Service and a ${kind}`,
      { ...targeting(...targetRefs, { kind, name: 'shop' }), subsets },
      { field: 'spec', message: 'Remove routes and subsets, or target only Services' },
    ),
    refused(
      `a port of a ${kind}`,
      { ...targeting({ kind, name: 'shop', port: 80 }), retry: { attempts: 1 } },
      { field: 'spec.targetRefs[0]', message: 'Remove port: only a Service has ports.' },
    ),
  ]),
  valid('a Service of another namespace, and one of the same name', {
    ...targeting(...targetRefs, { kind: 'Service', namespace: 'shop', name: 'reviews' }),
    routes: [{}],
  }),
  refused(
    'a Service of another namespace twice',
    {
      ...targeting(
        { kind: 'Service', namespace: 'shop', name: 'reviews' },
        { kind: 'Service', namespace: 'shop', name: 'reviews' },
      ),
      routes: [{}],
    },
    { field: 'spec.targetRefs', message: 'Name each target once.' },
  ),
  ...Object.entries({
    limits: [{ name: 'all', rate: { requests: 1, per: '1s' } }],
    adaptiveConcurrency: {},
    admissionControl: {},
    callerIdentity: { header: 'x-caller' },
    healthCheck: { type: 'TCP' },
  }).map(([field, value]) =>
    refused(
      `${field} for a Service of another namespace`,
      {
        ...targeting(...targetRefs, { kind: 'Service', namespace: 'shop', name: 'reviews' }),
        timeout: { request: '1s' },
        [field]: value,
      },
      {
        field: 'spec',
        message: 'only a policy in the namespace of a Service configures or checks its servers',
      },
    ),
  ),
  refused(
    'a Namespace with a namespace',
    { ...targeting({ kind: 'Namespace', namespace: 'shop', name: 'shop' }), retry: { attempts: 1 } },
    { field: 'spec.targetRefs[0]', message: 'Remove namespace: only a Service' },
  ),
  refused(
    'a Service by its DNS name',
    { ...targeting({ kind: 'Service', name: 'reviews.shop' }), retry: { attempts: 1 } },
    { field: 'spec.targetRefs[0]', message: 'Write only the name' },
  ),
  valid('the same target on two ports', {
    ...targeting({ kind: 'Service', name: 'a', port: 80 }, { kind: 'Service', name: 'a', port: 81 }),
    routes: [{}],
  }),
  refused('no targetRefs', {}, { field: 'spec.targetRefs' }),
  refused('empty targetRefs', { targetRefs: [] }, { field: 'spec.targetRefs' }),
  refused('a target of another kind', targeting({ kind: 'Pod', name: 'a' }), {
    field: 'spec.targetRefs[0].kind',
  }),
  refused(
    'a target twice',
    { ...targeting(...targetRefs, ...targetRefs), routes: [{}] },
    {
      field: 'spec.targetRefs',
      message: 'Name each target once.',
    },
  ),
  refused(
    'a target in upper case',
    { ...targeting({ kind: 'Service', name: 'Reviews' }), routes: [{}] },
    {
      field: 'spec.targetRefs[0].name',
      message: 'Use lower-case letters',
    },
  ),
  refused('port 0', targeting({ kind: 'Service', name: 'a', port: 0 }), { field: 'spec.targetRefs[0].port' }),
  refused('a port in quotes', targeting({ kind: 'Service', name: 'a', port: '80' }), {
    field: 'spec.targetRefs[0].port',
  }),
];

const backends: readonly ApiCase[] = [
  valid(
    'a weighted split',
    routing({
      backends: [
        { subset: 'v1', weight: 90 },
        { subset: 'v2', weight: 10 },
      ],
    }),
  ),
  valid(
    'a backend without traffic beside one with',
    routing({ backends: [{ subset: 'v1', weight: 0 }, {}] }),
  ),
  refused(
    'two subsets of one name',
    { targetRefs, subsets: [subsets[0], subsets[0]] },
    { field: 'spec.subsets[1]' },
  ),
  refused('a backend of an undeclared subset', routing({ backends: [{ subset: 'v3' }] }), {
    field: 'spec',
    message: 'Declare each subset that a backend refers to in spec.subsets',
  }),
  valid(
    'backends of other Services, with a subset that another policy declares',
    routing({
      backends: [
        { service: { name: 'reviews-next', port: 9080 }, weight: 10 },
        { service: { namespace: 'next', name: 'reviews', port: 80 }, subset: 'v9' },
      ],
    }),
  ),
  refused('a Service without a port', routing({ backends: [{ service: { name: 'reviews' } }] }), {
    field: 'spec.routes[0].backends[0].service.port',
  }),
  refused(
    'a Service of another namespace by its DNS name',
    routing({ backends: [{ service: { name: 'reviews.next', port: 80 } }] }),
    { field: 'spec.routes[0].backends[0].service.name', message: 'Use 1 to 63 lower-case letters' },
  ),
  refused('weights that are all 0', routing({ backends: [{ subset: 'v1', weight: 0 }, { weight: 0 }] }), {
    field: 'spec.routes[0].backends',
    message: 'Give at least one backend a weight above 0.',
  }),
  refused('a negative weight', routing({ backends: [{ weight: -1 }] }), {
    field: 'spec.routes[0].backends[0].weight',
  }),
  refused('a fraction as weight', routing({ backends: [{ weight: 0.5 }] }), {
    field: 'spec.routes[0].backends[0].weight',
  }),
  refused('two routes of one name', routing({ name: 'a' }, {}, { name: 'a' }), {
    field: 'spec.routes',
    message: 'Give each route a different name.',
  }),
  valid('two routes without a name', routing({}, {})),
  valid('16 routes', routing(...many(16))),
  refused('17 routes', routing(...many(17)), { field: 'spec.routes' }),
];

const matches: readonly ApiCase[] = [
  valid(
    'every kind of match',
    matching({ path: { value: '/a' }, method: 'GET', headers: [{ name: 'X-Group', value: 'test' }] }),
  ),
  refused('a path that does not start with a slash', path('PathPrefix', 'a'), {
    field: pathField,
    message: "Start value with '/'",
  }),
  refused('an exact path without a slash', path('Exact', 'a/b'), {
    field: pathField,
    message: "Start value with '/'",
  }),
  refused('an empty path', path('Exact', ''), { field: `${pathField}.value` }),
  refused('a path with a query', path('Exact', '/a?b=c'), {
    field: pathField,
    message: "Leave the query ('?')",
  }),
  ...[
    '//',
    '//secret',
    '/a//b',
    '/a/./b',
    '/a/../secret',
    '/a/..',
    '/a/%2e%2E/b',
    '/a/.%2e',
    '/%2E/b',
    '/a%2Fb',
    '/a%2fb',
  ].map((value) =>
    refused(`the path ${value}, which no normalized path is`, path('PathPrefix', value), {
      field: pathField,
      message: 'Write the path as it is after normalization',
    }),
  ),
  valid('a path with dots in a segment', path('Exact', '/..a/.b/c../...')),
  ...[
    '/my files',
    '/café',
    '/caf%C3%A9',
    '/caf%c3%a9',
    '/%73ecret',
    '/a|b',
    '/100%',
    '/a;b=c',
    '/[0]',
    '/\\',
    '/日本',
  ].map((value) => valid(`the path ${value}`, path('Exact', value))),
  ...['/secret\n', '/a\tb', '/\u0000', '/\u007f'].map((value) =>
    refused(`the path ${JSON.stringify(value)}`, path('PathPrefix', value), {
      field: pathField,
      message: 'Remove line breaks, tabs and other control characters',
    }),
  ),
  ...['/café', '/a b', '/(a|é)', '.*\n', '/日本'].map((value) =>
    refused(`the expression ${JSON.stringify(value)}`, path('RegularExpression', value), {
      field: pathField,
      message: 'write spaces and characters outside of ASCII as they are in requests',
    }),
  ),
  ...['admin/.*', '^admin', '%2Fa', '~a'].map((value) =>
    refused(`the expression ${value}, which matches no path`, path('RegularExpression', value), {
      field: pathField,
      message: "Start the expression with '/'",
    }),
  ),
  ...['/caf%C3%A9', '^/a$', '.*', '(a|/b)', String.raw`\/a`, '[/a]+'].map((value) =>
    valid(`the expression ${value}`, path('RegularExpression', value)),
  ),
  valid('a method of nobody else', matching({ method: 'BAN' })),
  refused('CONNECT as method', matching({ method: 'CONNECT' }), {
    field: 'spec.routes[0].matches[0].method',
  }),
  refused('a wildcard at the end of a path', path('PathPrefix', '/a/*'), {
    field: pathField,
    message: 'Write /a instead of /a/*',
  }),
  valid('a star within a path', path('Exact', '/a*b')),
  valid('an expression with a query mark and no slash', path('RegularExpression', '.*/a?')),
  valid(
    'an expression that JavaScript refuses and RE2 takes',
    path('RegularExpression', '(?i)/[[:alpha:]]+'),
  ),
  refused('an expression without its end', path('RegularExpression', '/a('), {
    field: pathField,
    message: re2,
  }),
  refused('look-ahead in a path', path('RegularExpression', '/(?=a)'), { field: pathField, message: re2 }),
  refused('a back-reference in a header', header('RegularExpression', String.raw`(a)\1`), {
    field: headerField,
    message: re2,
  }),
  refused('too large a count in a header', header('RegularExpression', 'a{1001}'), {
    field: headerField,
    message: re2,
  }),
  valid('an open parenthesis in an exact header', header('Exact', '(?=a')),
  valid('an empty exact header', header('Exact', '')),
  refused('an empty expression', header('RegularExpression', ''), {
    field: headerField,
    message: 'Set type to Present for any value',
  }),
  refused('a pseudo-header', matching({ headers: [{ name: ':path', value: '/' }] }), {
    field: `${headerField}.name`,
    message: 'Write the name of an HTTP header',
  }),
  refused(
    'a header twice',
    matching({
      headers: [
        { name: 'a', value: 'x' },
        { name: 'a', value: 'y' },
      ],
    }),
    {
      field: 'spec.routes[0].matches[0].headers[1]',
    },
  ),
  refused('a method in lower case', matching({ method: 'get' }), {
    field: 'spec.routes[0].matches[0].method',
  }),
];

const behaviour: readonly ApiCase[] = [
  valid(
    'timeout, retry and fault',
    routing({
      timeout: { request: '3s' },
      retry: { attempts: 2, perTryTimeout: '1s', retryOn: ['ConnectFailure', 'ServerError'] },
      fault: { delay: { duration: '2s', percentage: 5 }, abort: { status: 503, percentage: 1 } },
    }),
  ),
  valid('a null where a default belongs', routing({ timeout: null, retry: { attempts: 1, retryOn: null } })),
  refused('a duration without a unit', routing({ timeout: { request: '3' } }), {
    field: 'spec.routes[0].timeout.request',
    message: 'Write a duration',
  }),
  refused('a duration with a fraction', routing({ timeout: { request: '1.5s' } }), {
    field: 'spec.routes[0].timeout.request',
    message: 'Write a duration',
  }),
  valid('a try as long as the request', timing('1000ms', '1s')),
  valid('a try of any length without a limit', timing('0s', '1h')),
  refused('a try longer than the request', timing('999ms', '1s'), {
    field: 'spec.routes[0]',
    message: 'Set timeout.request to at least retry.perTryTimeout',
  }),
  refused('an empty retry', routing({ retry: {} }), {
    field: 'spec.routes[0].retry',
    message: 'Set at least one field of retry',
  }),
  refused('an empty timeout', routing({ timeout: {} }), {
    field: 'spec.routes[0].timeout',
    message: 'Set at least one field of timeout',
  }),
  valid('all timeouts', routing({ timeout: { request: '3s', idle: '1h', stream: '3s' } })),
  valid('streams without a limit', routing({ timeout: { request: '3s', stream: '0s' } })),
  valid(
    'a timeout of idle streams and tries',
    routing({ timeout: { idle: '1s' }, retry: { perTryTimeout: '2s' } }),
  ),
  refused('streams that end before requests', routing({ timeout: { request: '3s', stream: '2s' } }), {
    field: 'spec.routes[0].timeout',
    message: 'Set stream to at least request',
  }),
  valid('a try longer than a request of another route', {
    targetRefs,
    timeout: { request: '1s' },
    routes: [{ retry: { perTryTimeout: '2s' } }],
  }),
  refused(
    'a try longer than the request, for all routes',
    { targetRefs, timeout: { request: '1s' }, retry: { perTryTimeout: '2s' } },
    { field: 'spec', message: 'Set timeout.request to at least retry.perTryTimeout' },
  ),
  refused('11 attempts', routing({ retry: { attempts: 11 } }), { field: 'spec.routes[0].retry.attempts' }),
  refused('an unknown retry condition', retryOn('5xx'), { field: 'spec.routes[0].retry.retryOn[0]' }),
  refused('a retry condition twice', retryOn('Reset', 'Reset'), { field: 'spec.routes[0].retry.retryOn[1]' }),
  refused('an empty fault', routing({ fault: {} }), {
    field: 'spec.routes[0].fault',
    message: 'Give the fault a delay, an abort',
  }),
  refused('a delay of no time', routing({ fault: { delay: { duration: '0s' } } }), {
    field: 'spec.routes[0].fault.delay.duration',
    message: 'Set duration above 0s',
  }),
  refused('an abort with status 199', routing({ fault: { abort: { status: 199 } } }), {
    field: 'spec.routes[0].fault.abort.status',
  }),
  refused('101 percent', routing({ fault: { abort: { status: 500, percentage: 101 } } }), {
    field: 'spec.routes[0].fault.abort.percentage',
  }),
  refused('a field that does not exist', routing({ timeOut: { request: '3s' } }), {
    field: 'spec.routes[0].timeOut',
  }),
];

const requestHeaders = (modifier: object): object => routing({ requestHeaders: modifier });
const setting = (name: string, value = 'a'): object => requestHeaders({ set: [{ name, value }] });
const modifierField = 'spec.routes[0].requestHeaders';
const setName = { field: `${modifierField}.set[0].name` };
const setValue = {
  field: `${modifierField}.set[0].value`,
  message: 'Write a value of printable ASCII characters',
};
const nameOnce = { field: modifierField, message: 'Name each header only once' };
const [one, other] = [
  { name: 'X-A', value: 'a' },
  { name: 'x-a', value: 'b' },
] as const;
const headers = (count: number): object[] =>
  Array.from({ length: count }, (_, index) => ({ name: `x-${index}`, value: 'a' }));

const headerChanges: readonly ApiCase[] = [
  valid(
    'changes of headers in both directions',
    routing({
      requestHeaders: { set: [one], add: [{ name: 'x-b', value: 'a\tb c' }], remove: ['Server', 'accept'] },
      responseHeaders: { set: [{ name: 'cache-control', value: '100% %REQ(:path)%' }] },
    }),
  ),
  valid('16 headers in a list', requestHeaders({ set: headers(16) })),
  refused('17 headers in a list', requestHeaders({ set: headers(17) }), { field: `${modifierField}.set` }),
  refused('a change of no header', requestHeaders({ set: [] }), {
    field: modifierField,
    message: 'Add a header to set, add or remove',
  }),
  refused('a header twice, in two spellings', requestHeaders({ set: [one, other] }), nameOnce),
  refused('a header added twice, in two spellings', requestHeaders({ add: [one, other] }), nameOnce),
  refused('a header removed twice, in two spellings', requestHeaders({ remove: ['a', 'A'] }), nameOnce),
  refused('a header that is set and added', requestHeaders({ set: [one], add: [other] }), nameOnce),
  refused('a header that is set and removed', requestHeaders({ set: [one], remove: ['x-a'] }), nameOnce),
  refused('a header that is added and removed', requestHeaders({ add: [one], remove: ['x-a'] }), nameOnce),
  refused('a pseudo-header to set', setting(':path'), {
    ...setName,
    message: 'Write the name of an HTTP header',
  }),
  refused('host to set', setting('Host'), { ...setName, message: 'Remove host' }),
  ...['Connection', 'content-length', 'keep-alive', 'TE', 'trailer', 'transfer-encoding', 'upgrade'].map(
    (name) => refused(`${name} to set`, setting(name), { ...setName, message: 'Remove this header' }),
  ),
  refused('a header of sidecars to set', setting('X-Meshwright-Destination'), {
    ...setName,
    message: 'headers that begin with x-meshwright- are reserved',
  }),
  refused('a header of sidecars to remove', requestHeaders({ remove: ['x-meshwright-reset'] }), {
    field: `${modifierField}.remove[0]`,
    message: 'headers that begin with x-meshwright- are reserved',
  }),
  refused('a header of sidecars to match', matching({ headers: [{ name: 'x-meshwright-a', value: 'a' }] }), {
    field: `${headerField}.name`,
    message: 'headers that begin with x-meshwright- are reserved',
  }),
  refused("a header for the sidecar's ears", setting('x-envoy-max-retries'), {
    ...setName,
    message: 'headers that begin with x-envoy- control the sidecar',
  }),
  refused('an empty value', setting('x-a', ''), setValue),
  refused('a value with a line break', setting('x-a', 'a\r\nx-b: c'), setValue),
  refused('a value with a space at its end', setting('x-a', 'a '), setValue),
  refused('a value that is not ASCII', setting('x-a', 'ü'), setValue),
  valid('a value of 1024 characters', setting('x-a', 'a'.repeat(1024))),
  refused('a value of 1025 characters', setting('x-a', 'a'.repeat(1025)), {
    field: `${modifierField}.set[0].value`,
  }),
];

export const trafficPolicyCases: readonly ApiCase[] = [
  ...targets,
  ...backends,
  ...matches,
  ...behaviour,
  ...headerChanges,
];
