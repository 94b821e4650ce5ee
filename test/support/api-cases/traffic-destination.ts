// Cases of TrafficPolicy: how endpoints are reached.
import { type ApiCase, casesOf } from './api-case.ts';

const { valid, refused } = casesOf('TrafficPolicy');
const policy = (settings: object): object => ({
  targetRefs: [{ kind: 'Service', name: 'reviews' }],
  ...settings,
});

const loadBalancer = (fields: object): object => policy({ loadBalancer: fields });
const hashOn = (...entries: object[]): object => loadBalancer({ type: 'RingHash', hashOn: entries });
const entry = { field: 'spec.loadBalancer.hashOn[0]' };
const byHeader = { type: 'Header', name: 'x-user' };
const slowStart = (fields: object): object => loadBalancer({ type: 'RoundRobin', slowStart: fields });

const loadBalancers: readonly ApiCase[] = [
  ...['LeastRequest', 'RoundRobin', 'Random'].map((type) => valid(type, loadBalancer({ type }))),
  ...['RingHash', 'Maglev'].flatMap((type) => [
    valid(`${type} of a header`, loadBalancer({ type, hashOn: [byHeader] })),
    refused(`${type} of nothing`, loadBalancer({ type }), {
      field: 'spec.loadBalancer',
      message: 'Set hashOn for RingHash and Maglev',
    }),
    refused(
      `${type} that starts slowly`,
      loadBalancer({ type, hashOn: [byHeader], slowStart: { window: '1s' } }),
      { field: 'spec.loadBalancer', message: 'Remove slowStart, or use type LeastRequest or RoundRobin.' },
    ),
  ]),
  refused('hashOn without a hash', loadBalancer({ type: 'Random', hashOn: [byHeader] }), {
    field: 'spec.loadBalancer',
    message: 'Set hashOn for RingHash and Maglev',
  }),
  refused('a load balancer without a type', loadBalancer({}), { field: 'spec.loadBalancer.type' }),
  refused('a load balancer that does not exist', loadBalancer({ type: 'Passthrough' }), {
    field: 'spec.loadBalancer.type',
  }),
  valid(
    'everything to hash',
    hashOn(
      byHeader,
      { type: 'QueryParameter', name: 'user id' },
      { type: 'Cookie', name: 'session', ttl: '1h' },
    ),
  ),
  valid('a header, else the address', hashOn(byHeader, { type: 'SourceAddress' })),
  refused('a header after the address', hashOn({ type: 'SourceAddress' }, byHeader), {
    field: 'spec.loadBalancer.hashOn',
    message: 'Put Cookie or SourceAddress last',
  }),
  refused('two cookies', hashOn({ type: 'Cookie', name: 'a' }, { type: 'Cookie', name: 'b' }), {
    field: 'spec.loadBalancer.hashOn',
    message: 'Put Cookie or SourceAddress last',
  }),
  refused('five things to hash', hashOn(...Array.from({ length: 5 }, () => byHeader)), {
    field: 'spec.loadBalancer.hashOn',
  }),
  refused('a header without a name', hashOn({ type: 'Header' }), {
    ...entry,
    message: 'Set name for Header',
  }),
  refused('an address with a name', hashOn({ type: 'SourceAddress', name: 'a' }), {
    ...entry,
    message: 'Set name for Header',
  }),
  ...[':path', 'a b', 'a=b'].map((name) =>
    refused(`the cookie ${name}`, hashOn({ type: 'Cookie', name }), {
      ...entry,
      message: 'Write a header or cookie name',
    }),
  ),
  refused('a header of sidecars to hash', hashOn({ type: 'Header', name: 'X-Meshwright-Destination' }), {
    ...entry,
    message: 'headers that begin with x-meshwright- are reserved',
  }),
  refused('a header that expires', hashOn({ ...byHeader, ttl: '1h' }), {
    ...entry,
    message: 'Remove ttl: only a cookie has one.',
  }),
  valid('a slow start', slowStart({ window: '30s', minWeightPercentage: 1 })),
  refused('a slow start of any length', slowStart({}), { field: 'spec.loadBalancer.slowStart.window' }),
  ...['0s', '999ms', '1h1ms'].map((window) =>
    refused(`a slow start of ${window}`, slowStart({ window }), {
      field: 'spec.loadBalancer.slowStart.window',
      message: 'Set window between 1s and 1h.',
    }),
  ),
  refused('a slow start from nothing', slowStart({ window: '1s', minWeightPercentage: 0 }), {
    field: 'spec.loadBalancer.slowStart.minWeightPercentage',
  }),
];

const locality = (fields: object): object => policy({ locality: fields });
const failover = (...entries: object[]): object => locality({ type: 'Failover', failover: entries });
const weights = (...entries: object[]): object => locality({ type: 'Weighted', weights: entries });
const toB = { to: ['b'] };
const halfToB = { to: [{ zone: 'b', weight: 1 }] };

const localities: readonly ApiCase[] = [
  valid('the own zone first', locality({ type: 'Failover' })),
  valid('an order of zones', failover({ from: 'us-east1-a', ...toB }, toB)),
  valid('shares of zones', weights({ from: 'a', ...halfToB }, halfToB)),
  ...[0, 100].map((threshold) =>
    valid(`a panic threshold of ${threshold}`, locality({ panicThreshold: threshold })),
  ),
  ...[-1, 101].map((threshold) =>
    refused(`a panic threshold of ${threshold}`, locality({ panicThreshold: threshold }), {
      field: 'spec.locality.panicThreshold',
    }),
  ),
  refused('a locality of nothing', locality({}), {
    field: 'spec.locality',
    message: 'Set type, or at least panicThreshold, or leave locality out.',
  }),
  refused('an order of zones without a type', locality({ panicThreshold: 0, failover: [toB] }), {
    field: 'spec.locality',
    message: 'Set type to Failover, or remove failover.',
  }),
  refused('shares of no zones', locality({ type: 'Weighted' }), {
    field: 'spec.locality',
    message: 'Set weights for type Weighted; remove them for other types.',
  }),
  refused('shares of zones in order', locality({ type: 'Failover', weights: [halfToB] }), {
    field: 'spec.locality',
    message: 'Set weights for type Weighted; remove them for other types.',
  }),
  refused('two orders for a zone', failover({ from: 'a', ...toB }, { from: 'a', ...toB }), {
    field: 'spec.locality.failover',
    message: 'Name each zone in from of one entry only',
  }),
  refused('two shares for all others', weights(halfToB, halfToB), {
    field: 'spec.locality.weights',
    message: 'Name each zone in from of one entry only',
  }),
  refused('an order of no zones', failover({ to: [] }), { field: 'spec.locality.failover[0].to' }),
  refused('a share of 0', weights({ to: [{ zone: 'b', weight: 0 }] }), {
    field: 'spec.locality.weights[0].to[0].weight',
  }),
  refused('a zone that no Node can be in', failover({ to: ['a b'] }), {
    field: 'spec.locality.failover[0].to[0]',
    message: 'Use the name of a zone',
  }),
  refused('a zone without a name', failover({ from: '', ...toB }), {
    field: 'spec.locality.failover[0].from',
    message: 'Use the name of a zone',
  }),
];

const sticky = (stickySession: object, others: object = {}): object =>
  loadBalancer({ type: 'LeastRequest', stickySession, ...others });

const stickySessions: readonly ApiCase[] = [
  valid('a session that sticks', sticky({ cookie: 'shop-session', ttl: '1h' })),
  valid('a session that sticks for as long as the browser is open', sticky({ cookie: 's' })),
  refused('a session without a cookie', sticky({}), { field: 'spec.loadBalancer.stickySession.cookie' }),
  ...['a b', 'a=b', 'a;b', ''].map((cookie) =>
    refused(`a session in the cookie '${cookie}'`, sticky({ cookie }), {
      field: 'spec.loadBalancer.stickySession.cookie',
      message: "Use letters, digits, '-' and '_' for the name of the cookie.",
    }),
  ),
  refused('a session that is hashed, too', sticky({ cookie: 's' }, { type: 'Maglev', hashOn: [byHeader] }), {
    field: 'spec.loadBalancer',
    message: 'Remove stickySession or hashOn',
  }),
];

const limits = ['maxConnections', 'maxPendingRequests', 'maxRequests', 'maxRetries'];

const circuitBreakers: readonly ApiCase[] = [
  valid('all limits', policy({ circuitBreaker: Object.fromEntries(limits.map((limit) => [limit, 1])) })),
  valid(
    'a limit for each endpoint',
    policy({ circuitBreaker: { perEndpoint: { maxConnections: 1_000_000 } } }),
  ),
  refused('no limit', policy({ circuitBreaker: {} }), {
    field: 'spec.circuitBreaker',
    message: 'Set at least one field of circuitBreaker',
  }),
  refused('nothing for each endpoint', policy({ circuitBreaker: { perEndpoint: {} } }), {
    field: 'spec.circuitBreaker.perEndpoint.maxConnections',
  }),
  ...limits.flatMap((limit) => [
    refused(`${limit} 0`, policy({ circuitBreaker: { [limit]: 0 } }), {
      field: `spec.circuitBreaker.${limit}`,
    }),
    refused(`${limit} 1000001`, policy({ circuitBreaker: { [limit]: 1_000_001 } }), {
      field: `spec.circuitBreaker.${limit}`,
    }),
  ]),
];

const outliers = (fields: object): object => policy({ outlierDetection: fields });
const consecutive = ['consecutive5xx', 'consecutiveGatewayErrors', 'consecutiveLocalOriginFailures'];

const outlierDetections: readonly ApiCase[] = [
  valid('all that is counted', outliers(Object.fromEntries(consecutive.map((field) => [field, 5])))),
  valid('what the Mesh counts is counted no more', outliers({ consecutive5xx: 0 })),
  valid(
    'a success rate, and times',
    outliers({
      successRate: { minEndpoints: 2, minRequests: 1, standardDeviationPercentage: 1_000 },
      interval: '1s',
      baseEjectionTime: '1h',
      maxEjectionPercentage: 100,
    }),
  ),
  valid('a failure percentage as it is by default', outliers({ failurePercentage: {} })),
  ...[0, 101].map((threshold) =>
    refused(`a failure percentage of ${threshold}`, outliers({ failurePercentage: { threshold } }), {
      field: 'spec.outlierDetection.failurePercentage.threshold',
    }),
  ),
  valid('a success rate as it is by default', outliers({ successRate: {} })),
  refused('an outlier detection of nothing', outliers({}), {
    field: 'spec.outlierDetection',
    message: 'Set at least one field of outlierDetection',
  }),
  ...consecutive.flatMap((field) => [
    refused(`${field} -1`, outliers({ [field]: -1 }), { field: `spec.outlierDetection.${field}` }),
    refused(`${field} 1001`, outliers({ [field]: 1_001 }), { field: `spec.outlierDetection.${field}` }),
  ]),
  ...['interval', 'baseEjectionTime'].flatMap((field) =>
    ['0s', '999ms', '1h1ms'].map((time) =>
      refused(`${field} ${time}`, outliers({ [field]: time }), {
        field: `spec.outlierDetection.${field}`,
        message: `Set ${field} between 1s and 1h.`,
      }),
    ),
  ),
  ...[0, 101].map((percentage) =>
    refused(`ejection of ${percentage} percent`, outliers({ maxEjectionPercentage: percentage }), {
      field: 'spec.outlierDetection.maxEjectionPercentage',
    }),
  ),
  refused('a success rate of one endpoint', outliers({ successRate: { minEndpoints: 1 } }), {
    field: 'spec.outlierDetection.successRate.minEndpoints',
  }),
];

const healthCheck = (fields: object): object => policy({ healthCheck: fields });

const healthChecks: readonly ApiCase[] = [
  valid('a check by HTTP', healthCheck({ type: 'HTTP', path: '/healthz?full=1' })),
  ...['GRPC', 'TCP'].flatMap((type) => [
    valid(`a check by ${type}`, healthCheck({ type })),
    refused(`a path to check by ${type}`, healthCheck({ type, path: '/' }), {
      field: 'spec.healthCheck',
      message: 'Set path for type HTTP; remove it for other types.',
    }),
  ]),
  refused('a check by HTTP of nothing', healthCheck({ type: 'HTTP' }), {
    field: 'spec.healthCheck',
    message: 'Set path for type HTTP; remove it for other types.',
  }),
  refused('a check of any type', healthCheck({}), { field: 'spec.healthCheck.type' }),
  ...['healthz', '/a b', '/a#b', '/ä'].map((path) =>
    refused(`a check of ${path}`, healthCheck({ type: 'HTTP', path }), {
      field: 'spec.healthCheck.path',
      message: "Start path with '/'",
    }),
  ),
  ...['999ms', '1h1ms'].map((interval) =>
    refused(`a check each ${interval}`, healthCheck({ type: 'TCP', interval }), {
      field: 'spec.healthCheck.interval',
      message: 'Set interval between 1s and 1h.',
    }),
  ),
  ...['9ms', '1m1ms'].map((timeout) =>
    refused(`a check of at most ${timeout}`, healthCheck({ type: 'TCP', timeout }), {
      field: 'spec.healthCheck.timeout',
      message: 'Set timeout between 10ms and 1m.',
    }),
  ),
  ...['unhealthyThreshold', 'healthyThreshold'].flatMap((field) =>
    [0, 101].map((count) =>
      refused(`${field} ${count}`, healthCheck({ type: 'TCP', [field]: count }), {
        field: `spec.healthCheck.${field}`,
      }),
    ),
  ),
];

const connections = (fields: object): object => policy({ connection: fields });
const bounds = [
  ['connectTimeout', '10ms', '1m', ['9ms', '1m1ms']],
  ['maxAge', '1s', '24h', ['0s', '24h1ms']],
  ['idleTimeout', '1s', '10m', ['0s', '10m1ms', '1h']],
] as const;

const connectionCases: readonly ApiCase[] = [
  ...bounds.flatMap(([field, least, most, beyond]) => [
    ...[least, most].map((time) => valid(`${field} ${time}`, connections({ [field]: time }))),
    ...beyond.map((time) =>
      refused(`${field} ${time}`, connections({ [field]: time }), {
        field: `spec.connection.${field}`,
        message: `Set ${field} between ${least} and ${most}`,
      }),
    ),
  ]),
  valid('a keepalive', connections({ tcpKeepalive: { time: '1m', interval: '1s', probes: 1 } })),
  valid('a keepalive as it is by default', connections({ tcpKeepalive: {} })),
  refused('a keepalive of no time', connections({ tcpKeepalive: { time: '0s' } }), {
    field: 'spec.connection.tcpKeepalive.time',
    message: 'Set time between 1s and 2h.',
  }),
  refused('a keepalive without probes', connections({ tcpKeepalive: { probes: 0 } }), {
    field: 'spec.connection.tcpKeepalive.probes',
  }),
  valid('requests and streams', connections({ maxRequests: 1, http2: { maxConcurrentStreams: 1 } })),
  refused('no requests', connections({ maxRequests: 0 }), { field: 'spec.connection.maxRequests' }),
  refused('no streams', connections({ http2: { maxConcurrentStreams: 0 } }), {
    field: 'spec.connection.http2.maxConcurrentStreams',
  }),
  refused('an empty connection', connections({}), {
    field: 'spec.connection',
    message: 'Set at least one field of connection',
  }),
];

export const trafficDestinationCases: readonly ApiCase[] = [
  ...loadBalancers,
  ...stickySessions,
  ...localities,
  ...circuitBreakers,
  ...outlierDetections,
  ...healthChecks,
  ...connectionCases,
];
