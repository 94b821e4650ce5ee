// fast-check arbitraries for the settings of a TrafficPolicy about endpoints.
import * as fc from 'fast-check';

const from = <T>(pool: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...pool);

const loadBalancer = fc.oneof(
  fc.record(
    {
      type: from(['LeastRequest', 'RoundRobin']),
      slowStart: fc.record({ window: from(['1s', '1m30s', '1h']), minWeightPercentage: from([1, 100]) }),
      stickySession: fc.record({ cookie: from(['s', 'x-session_1']), ttl: from(['0s', '1h']) }),
    },
    { requiredKeys: ['type'] },
  ),
  fc.record({ type: fc.constant('Random') }),
  fc
    .tuple(
      from(['RingHash', 'Maglev']),
      fc.uniqueArray(
        fc.record({ type: from(['Header', 'QueryParameter']), name: from(['x-user', 'Accept', 'id']) }),
        { selector: ({ type, name }) => `${type} ${name}`, minLength: 1, maxLength: 2 },
      ),
      from([
        [],
        [{ type: 'SourceAddress' }],
        [{ type: 'Cookie', name: 'session' }],
        [{ type: 'Cookie', name: 'a', ttl: '1h' }],
      ]),
    )
    .map(([type, some, last]) => ({ type, hashOn: [...some, ...last] })),
);

const zones = ['a', 'b', 'c'] as const;
const entriesOf = (to: fc.Arbitrary<unknown>): fc.Arbitrary<unknown[]> =>
  fc
    .uniqueArray(fc.record({ from: from([...zones, null]), to }), {
      selector: (entry) => entry.from,
      minLength: 1,
      maxLength: 3,
    })
    .map((entries) => entries.map((entry) => (entry.from === null ? { to: entry.to } : entry)));
const panicThreshold = from([0, 1, 100]);

const locality = fc.oneof(
  fc.record({ panicThreshold }),
  fc.record(
    {
      type: fc.constant('Failover'),
      failover: entriesOf(fc.uniqueArray(from(zones), { minLength: 1 })),
      panicThreshold,
    },
    { requiredKeys: ['type'] },
  ),
  fc.record(
    {
      type: fc.constant('Weighted'),
      weights: entriesOf(
        fc.uniqueArray(fc.record({ zone: from(zones), weight: from([1, 80, 1_000_000]) }), {
          selector: ({ zone }) => zone,
          minLength: 1,
        }),
      ),
      panicThreshold,
    },
    { requiredKeys: ['type', 'weights'] },
  ),
);

const limit = fc.constantFrom(1, 100, 1_000_000);

const circuitBreaker = fc
  .record(
    {
      maxConnections: limit,
      maxPendingRequests: limit,
      maxRequests: limit,
      maxRetries: limit,
      perEndpoint: fc.record({ maxConnections: limit }),
    },
    { requiredKeys: [] },
  )
  .filter((limits) => Object.keys(limits).length > 0);

const count = fc.constantFrom(0, 1, 1_000);
const time = fc.constantFrom('1s', '1m30s', '1h');

const outlierDetection = fc
  .record(
    {
      consecutive5xx: count,
      consecutiveGatewayErrors: count,
      consecutiveLocalOriginFailures: count,
      successRate: fc.record(
        { minEndpoints: fc.constantFrom(2, 1_000), standardDeviationPercentage: fc.constantFrom(1, 1_000) },
        { requiredKeys: [] },
      ),
      failurePercentage: fc.record(
        { threshold: fc.constantFrom(1, 100), minEndpoints: fc.constantFrom(1, 1_000) },
        { requiredKeys: [] },
      ),
      interval: time,
      baseEjectionTime: time,
      maxEjectionPercentage: fc.constantFrom(1, 99, 100),
    },
    { requiredKeys: [] },
  )
  .filter((fields) => Object.keys(fields).length > 0);

const healthCheck = fc
  .record(
    {
      type: from(['HTTP', 'GRPC', 'TCP']),
      interval: time,
      timeout: fc.constantFrom('10ms', '1m'),
      unhealthyThreshold: fc.constantFrom(1, 100),
      healthyThreshold: fc.constantFrom(1, 100),
    },
    { requiredKeys: ['type'] },
  )
  .chain((check) =>
    from(['/', '/healthz?full=1&a=%20']).map((path) => (check.type === 'HTTP' ? { ...check, path } : check)),
  );

const connection = fc
  .record(
    {
      connectTimeout: fc.constantFrom('10ms', '1m'),
      tcpKeepalive: fc.record(
        { time: fc.constantFrom('1s', '1s500ms', '2h'), probes: fc.constantFrom(1, 127) },
        { requiredKeys: [] },
      ),
      maxRequests: fc.constantFrom(1, 1_000_000_000),
      maxAge: fc.constantFrom('1s', '24h'),
      idleTimeout: fc.constantFrom('1s', '10m'),
      http2: fc.record({ maxConcurrentStreams: fc.constantFrom(1, 1_000_000) }),
    },
    { requiredKeys: [] },
  )
  .filter((fields) => Object.keys(fields).length > 0);

/** Each may be there or not. */
export const destinationSettings = {
  loadBalancer,
  locality,
  circuitBreaker,
  outlierDetection,
  healthCheck,
  connection,
};
