// fast-check arbitraries for specs that every check of the API accepts (schema, CEL rules, RE2). Names come from
// small pools so that targets, subsets and peers of independently drawn objects collide and resolve often.
import * as fc from 'fast-check';
import { durationMs } from '../../api/duration.ts';
import { ExternalWorkloadSpec } from '../../api/v1alpha1/external-workload.ts';
import { MeshSpec } from '../../api/v1alpha1/mesh.ts';
import { externalAuthorizer } from './arbitrary-authorizers.ts';
import { authentication, tokenMatch } from './arbitrary-tokens.ts';
import { SecurityPolicySpec } from '../../api/v1alpha1/security/policy.ts';
import { TrafficPolicySpec } from '../../api/v1alpha1/traffic/policy.ts';
import { answer, rewrite } from './arbitrary-answers.ts';
import { destinationSettings } from './arbitrary-destination.ts';
import { limitSettings } from './arbitrary-limits.ts';
import { requests, sources } from './arbitrary-sources.ts';

/** The pools the arbitraries draw from: build the Services, Deployments and namespaces of a test from them. */
export const pools = {
  namespaces: ['shop', 'qa', 'default'],
  services: ['productpage', 'reviews', 'ratings', 'details'],
  /** Of Services; 8080 is meant to be missing on some of them. */
  ports: [80, 9080, 8080],
  deployments: ['productpage', 'reviews', 'ratings'],
  serviceAccounts: ['productpage', 'reviews', 'ratings', 'default'],
  subsets: ['v1', 'v2', 'v3'],
  labelKeys: ['app', 'version', 'meshwright.dev/mesh', 'constructor'],
  labelValues: ['v1', 'v2', 'reviews', 'enabled', ''],
} as const;

const durations = ['0s', '1ms', '250ms', '1s', '1m30s', '15s', '1h0m5s', '24h', '99999h'] as const;
const re2 = [
  '.*',
  '/v[0-9]+/.*',
  '/(a|b)',
  '^/x$',
  '(?i)/health',
  '[[:alpha:]]{1,3}',
  '\\d+',
  '(?P<id>[a-z]+)',
] as const;
const plainPaths = [
  '/',
  '/a',
  '/a/',
  '/reviews/1',
  '/health',
  '/%7Euser',
  '/a;b=c',
  '/ü',
  '/a b',
  '/a|b',
  '/%61',
] as const;
const methods = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'DELETE',
  'OPTIONS',
  'TRACE',
  'PATCH',
  'LIST',
  'M-SEARCH',
] as const;
const addresses = [
  '127.0.0.1',
  '127.0.0.2',
  '10.0.0.7',
  '192.0.2.1',
  '::1',
  'fd00::7',
  '2001:db8::1',
] as const;

const from = <T>(pool: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...pool);

/** All keys of required, and any of those of optional. */
function spec<R extends object, O extends object>(
  required: { [K in keyof R]: fc.Arbitrary<R[K]> },
  optional: { [K in keyof O]: fc.Arbitrary<O[K]> },
): fc.Arbitrary<R & Partial<O>> {
  const must = fc.record<R>(required);
  const may: fc.Arbitrary<Partial<O>> = fc.record<O>(optional, { requiredKeys: [] });
  return fc.tuple(must, may).map(([some, more]) => Object.assign(some, more));
}

/** From min to max different values, told apart by key. */
function distinct<T>(
  value: fc.Arbitrary<T>,
  key: (value: T) => unknown,
  bounds: [min: number, max: number],
): fc.Arbitrary<T[]> {
  return fc.uniqueArray(value, { selector: key, minLength: bounds[0], maxLength: bounds[1] });
}

const itself = (value: unknown): unknown => value;
const labels = fc.dictionary(from(pools.labelKeys), from(pools.labelValues), { maxKeys: 3 });
const percentage = fc.oneof(from([0, 0.001, 1, 33.333, 50, 100]), fc.integer({ min: 0, max: 100 }));
const duration = from(durations);

const outsideHosts = distinct(
  spec(
    { host: from(['api.example.com', '*.example.com', '*.api.example.com', 'plain.example.net']) },
    {
      ports: distinct(
        fc.record({ port: from([80, 443, 8443]), protocol: from(['TLS', 'HTTP']) }),
        (one) => `${one.protocol} ${one.port}`,
        [1, 3],
      ),
    },
  ),
  (one) => one.host,
  [0, 4],
);

/** Specs of Mesh. */
export function meshSpec(): fc.Arbitrary<MeshSpec> {
  return spec(
    {},
    {
      trustDomain: from(['cluster.local', 'example.org', 'td']),
      namespaceSelector: spec({}, { matchLabels: labels }),
      mtls: spec({}, { mode: from(['Permissive', 'Strict', 'Disabled']) }),
      certificates: spec({}, { workloadTTL: from(['10m', '1h30m', '24h', '2160h']) }),
      outbound: spec(
        {},
        { mode: from(['AllowAny', 'RegistryOnly']), learn: fc.boolean(), hosts: outsideHosts },
      ),
      defaults: settings,
    },
  ).map((input) => MeshSpec.parse(input));
}

const pathMatch: fc.Arbitrary<{ type?: string; value: string }> = fc.oneof(
  fc.record({ type: from(['Exact', 'PathPrefix']), value: from(plainPaths) }),
  fc.record({ value: from(plainPaths) }),
  fc.record({ type: fc.constant('RegularExpression'), value: from(re2) }),
);

const present = fc.record({
  type: fc.constant('Present'),
  name: from(['x-group', 'x-user', 'accept']),
  not: fc.boolean(),
});

const headerMatch = fc.oneof(
  present,
  fc.record({
    name: from(['x-group', 'x-user', 'accept']),
    value: from(['test', '', 'a b', 'ü']),
    not: fc.boolean(),
  }),
  fc.record({ type: fc.constant('RegularExpression'), name: from(['x-group', 'x-user']), value: from(re2) }),
);

const queryMatch = fc.oneof(
  fc.record({ type: fc.constant('Present'), name: from(['a', 'x-group']), not: fc.boolean() }),
  fc.record({ name: from(['a', 'x-group']), value: from(['1', 'test', '']) }),
  fc.record({ type: fc.constant('RegularExpression'), name: from(['a', 'A']), value: from(re2) }),
);

const callers = spec(
  {},
  {
    namespaces: distinct(from(pools.namespaces), itself, [0, 2]),
    serviceAccounts: distinct(from(['shop/productpage', 'shop/caller', 'qa/default']), itself, [0, 2]),
  },
).filter(({ namespaces = [], serviceAccounts = [] }) => namespaces.length + serviceAccounts.length > 0);

const routeMatch = spec(
  {},
  {
    path: pathMatch,
    method: from(methods),
    headers: distinct(headerMatch, (header) => header.name, [0, 3]),
    queryParameters: distinct(queryMatch, (parameter) => parameter.name, [0, 2]),
    from: callers,
    hostnames: distinct(from(['reviews', 'shop.example.com', '*.example.com']), itself, [0, 2]),
  },
);

const retryFields = {
  attempts: fc.integer({ min: 0, max: 10 }),
  perTryTimeout: duration,
  retryOn: distinct(
    from(['ConnectFailure', 'RefusedStream', 'Reset', 'GatewayError', 'ServerError']),
    itself,
    [0, 5],
  ),
  statusCodes: distinct(from([400, 409, 429, 503, 599]), String, [0, 3]),
  grpcCodes: distinct(from(['Cancelled', 'Unavailable']), itself, [0, 2]),
  backoff: spec(
    { base: from(['1ms', '25ms', '1s']) },
    { max: from(['1s', '1h']), honorRetryAfter: fc.boolean() },
  ),
};
const retry = spec({}, retryFields)
  .filter((fields) => Object.keys(fields).length > 0)
  .chain((fields) => {
    const { perTryTimeout = '0s', attempts = 1 } = fields;
    const mayHedge = durationMs(perTryTimeout) > 0 && attempts > 0;
    return mayHedge
      ? spec({}, { hedge: fc.boolean() }).map((more) => ({ ...fields, ...more }))
      : fc.constant(fields);
  });
const budget = spec({}, { percentage: from([0, 20, 100]), minConcurrency: from([0, 3, 1_000_000]) });
const retryWithBudget = spec({}, { ...retryFields, budget }).filter(
  (fields) => Object.keys(fields).length > 0,
);

const delay = spec({ duration: duration.filter((text) => durationMs(text) > 0) }, { percentage });
const abort = fc.oneof(
  spec({ status: from([200, 404, 503, 599]) }, { percentage }),
  spec({ grpcStatus: from(['Unavailable', 'Internal']) }, { percentage }),
);
const bandwidth = spec({ kibibytesPerSecond: from([1, 1_048_576]) }, { percentage });
const only = fc.record({ headers: distinct(headerMatch, (header) => header.name, [1, 2]) });
const fault = fc.oneof(
  spec({ delay }, { only }),
  spec({ abort }, { only }),
  spec({ delay, abort }, { only, bandwidth }),
  spec({ bandwidth }, { only }),
);

const headerValue = from(['test', 'a b', '100%', '%REQ(:path)%', '"quoted"', '~']);
const writtenHeader = fc.record({
  name: from(['x-group', 'X-User', 'accept', 'cache-control']),
  value: headerValue,
});

/** A header is named once, in one of the lists. */
const headerModifier = fc
  .record({
    set: distinct(writtenHeader, ({ name }) => name, [0, 2]),
    add: distinct(writtenHeader, ({ name }) => name, [0, 2]),
    remove: distinct(from(['x-group', 'x-secret', 'Server']), itself, [0, 2]),
  })
  .filter(({ set, add, remove }) => {
    const names = [...set.map(({ name }) => name), ...add.map(({ name }) => name), ...remove];
    return names.length > 0 && new Set(names).size === names.length;
  });

const timeout = spec({}, { request: duration, idle: duration, stream: duration }).filter(
  (fields) =>
    Object.keys(fields).length > 0 &&
    (durationMs(fields.stream ?? '0s') === 0 ||
      durationMs(fields.stream ?? '0s') >= durationMs(fields.request ?? '0s')),
);

interface Timing {
  timeout?: { request?: string };
  retry?: { perTryTimeout?: string };
}

/** A try may not be given longer than the whole request; a timeout of zero is no timeout. */
function hasConsistentTimeouts(timing: Timing): boolean {
  const perTry = durationMs(timing.retry?.perTryTimeout ?? '0s');
  const whole = durationMs(timing.timeout?.request ?? '0s');
  return whole === 0 || perTry <= whole;
}

function hasOneRetryLimit(fields: {
  retry?: { budget?: object };
  circuitBreaker?: { maxRetries?: number };
}): boolean {
  return fields.retry?.budget === undefined || fields.circuitBreaker?.maxRetries === undefined;
}

const origin = fc.oneof(
  fc.record({ value: from(['https://shop.example.com', 'http://localhost:3000']) }),
  fc.record({ type: fc.constant('RegularExpression'), value: from(['https://[a-z]+[.]shop[.]test']) }),
);
const named = spec(
  {},
  {
    allowMethods: distinct(from(['PUT', 'DELETE']), itself, [0, 2]),
    allowHeaders: distinct(from(['x-group', 'X-User']), itself, [0, 2]),
    exposeHeaders: distinct(from(['x-total']), itself, [0, 1]),
    maxAge: from(['0s', '1500ms', '24h']),
  },
);
const cors = fc
  .oneof(
    fc.tuple(fc.array(origin, { minLength: 1, maxLength: 2 }), named, fc.boolean()),
    fc.tuple(fc.constant([{ value: '*' }]), named, fc.constant(false)),
  )
  .map(([allowOrigins, more, allowCredentials]) => ({ allowOrigins, ...more, allowCredentials }));
const upgrades = distinct(from(['WebSocket', 'SPDY/3.1', 'tcp']), itself, [0, 2]);

function backendsOf(subsets: readonly string[]): fc.Arbitrary<{ weight?: number }[]> {
  const weight = from([0, 1, 10, 90, 1_000_000]);
  const backend = subsets.length === 0 ? spec({}, { weight }) : spec({}, { weight, subset: from(subsets) });
  return fc.array(backend, { maxLength: 4 }).filter(somebodyGetsThem);
}

function somebodyGetsThem(backends: readonly { readonly weight?: number }[]): boolean {
  return backends.length === 0 || backends.some(({ weight }) => weight !== 0);
}

/** Or an endpoint elsewhere, and how much of the requests it gets. */
function oftenTheTarget<T extends object, E extends object>(
  target: fc.Arbitrary<T>,
  elsewhere: fc.Arbitrary<[E, T]>,
): fc.Arbitrary<T> {
  const other = elsewhere.map(([endpoints, portion]): T => ({ ...endpoints, ...portion }));
  return fc.oneof({ arbitrary: target, weight: 3 }, { arbitrary: other, weight: 1 });
}

function route(subsets: readonly string[]): fc.Arbitrary<Timing & { name?: string }> {
  const weight = from([0, 1, 10, 90, 1_000_000]);
  const service = spec(
    { name: from(pools.services), port: from(pools.ports) },
    { namespace: from(pools.namespaces) },
  );
  const some = subsets.length === 0 ? {} : { subset: from(subsets) };
  const elsewhere = spec({ service }, { subset: from(pools.subsets) });
  const backend = oftenTheTarget(spec({}, { weight, ...some }), fc.tuple(elsewhere, spec({}, { weight })));
  const backends = fc.array(backend, { maxLength: 4 }).filter(somebodyGetsThem);
  const share = { percentage: from([0, 0.5, 100]) };
  const copy = oftenTheTarget(spec({}, { ...share, ...some }), fc.tuple(elsewhere, spec({}, share)));
  const shared = {
    name: from(['testers', 'default', 'canary']),
    matches: fc.array(routeMatch, { maxLength: 3 }),
    responseHeaders: headerModifier,
    fault,
    cors,
  };
  const forwarding = spec(
    {},
    {
      ...shared,
      rewrite,
      mirror: fc.array(copy, { maxLength: 2 }),
      backends,
      timeout,
      upgrades,
      retry,
      requestHeaders: headerModifier,
    },
  ).filter(hasConsistentTimeouts);
  const answering = fc.tuple(answer, spec({}, shared)).map(([one, more]) => ({ ...more, ...one }));
  return fc.oneof({ arbitrary: forwarding, weight: 4 }, { arbitrary: answering, weight: 1 });
}

/** Of connections: at most one for all, and some by server name. */
function connectionRoutes(subsets: readonly string[]): Readonly<Record<string, fc.Arbitrary<unknown>>> {
  const shared = {
    backends: backendsOf(subsets),
    fault: fc.record({ abort: spec({}, { percentage }) }),
  };
  const sni = distinct(from(['reviews', 'shop.example.com', '*.example.com']), itself, [1, 2]);
  return {
    tcpRoutes: fc.array(spec({}, shared), { maxLength: 1 }),
    tlsRoutes: fc.array(spec({ sni }, shared), { maxLength: 2 }),
  };
}

const settings = spec({}, { timeout, retry: retryWithBudget, ...destinationSettings })
  .filter(hasConsistentTimeouts)
  .filter(hasOneRetryLimit);

const policySettings = fc
  .tuple(settings, spec({}, limitSettings))
  .map(([some, more]) => ({ ...some, ...more }));

/** Specs of TrafficPolicy; backends name only subsets that the same spec declares. */
export function trafficPolicySpec(): fc.Arbitrary<TrafficPolicySpec> {
  return fc
    .oneof({ arbitrary: routingSpec(), weight: 3 }, { arbitrary: settingsSpec(), weight: 1 })
    .filter(saysSomething)
    .map((input) => TrafficPolicySpec.parse(input));
}

function saysSomething(input: object): boolean {
  const { targetRefs: _, ...others } = input as Readonly<Record<string, unknown>>;
  return Object.values(others).some((value) => !Array.isArray(value) || value.length > 0);
}

function routingSpec(): fc.Arbitrary<object> {
  const targetRef = spec(
    { kind: fc.constant('Service'), name: from(pools.services) },
    { port: from(pools.ports), namespace: from(pools.namespaces) },
  );
  const targetRefs = distinct(targetRef, (one) => `${one.namespace}/${one.name}:${one.port}`, [1, 3]);
  const subset = fc.record({ name: from(pools.subsets), matchLabels: labels });
  const subsets = distinct(subset, (one) => one.name, [0, 3]);
  return fc.tuple(targetRefs, subsets, policySettings).chain(([targets, declared, more]) => {
    const routes = distinct(route(declared.map((one) => one.name)), (one) => one.name ?? one, [0, 4]);
    const lists = {
      targetRefs: fc.constant(targets),
      subsets: fc.constant(declared),
      routes,
      ...connectionRoutes(declared.map((one) => one.name)),
    };
    const isOfConsumer = targets.some(({ namespace }) => namespace !== undefined);
    return fc.record(lists).map((listed) => Object.assign(listed, isOfConsumer ? callersOnly(more) : more));
  });
}

/** What a policy of another namespace than that of the Service may say. */
function callersOnly(more: object): object {
  const servers = ['healthCheck', ...Object.keys(limitSettings)];
  return Object.fromEntries(Object.entries(more).filter(([field]) => !servers.includes(field)));
}

/** For a Namespace or the Mesh there are settings only. */
function settingsSpec(): fc.Arbitrary<object> {
  const targetRef = fc.oneof(
    fc.record({ kind: fc.constant('Namespace'), name: from(pools.namespaces) }),
    fc.record({ kind: fc.constant('Mesh'), name: from(['default', 'other']) }),
    fc.record({ kind: fc.constant('Service'), name: from(pools.services) }),
  );
  const targetRefs = distinct(targetRef, ({ kind, name }) => `${kind} ${name}`, [1, 3]);
  return fc.tuple(targetRefs, policySettings).map(([targets, more]) => ({ targetRefs: targets, ...more }));
}

const namespacePeers = distinct(from(pools.namespaces), itself, [1, 2]);
const accountPeers = distinct(
  fc.tuple(from(pools.namespaces), from(pools.serviceAccounts)).map((parts) => parts.join('/')),
  itself,
  [1, 3],
);
const peer = sources(
  fc.oneof(
    fc.record({ serviceAccounts: accountPeers }),
    fc.record({ namespaces: namespacePeers }),
    fc.record({ serviceAccounts: accountPeers, namespaces: namespacePeers }),
  ),
);

const requestMethods = distinct(from([...methods, 'PROPFIND']), itself, [1, 3]);
const rulePath = fc
  .tuple(pathMatch, fc.boolean())
  .map(([path, ignoreCase]) =>
    path.type === 'RegularExpression' || !ignoreCase ? path : { ...path, ignoreCase },
  );
const requestPaths = distinct(rulePath, ({ type = 'PathPrefix', value }) => `${type} ${value}`, [1, 3]);
const request = requests(
  fc.oneof(
    fc.record({ methods: requestMethods }),
    fc.record({ paths: requestPaths }),
    fc.record({ methods: requestMethods, paths: requestPaths }),
  ),
);

const rule = spec(
  { name: from(['from-web', 'read-only', 'no-admin', 'probes']), action: from(['Allow', 'Deny']) },
  { from: fc.array(peer, { maxLength: 2 }), to: fc.array(request, { maxLength: 2 }) },
);

/** Specs of SecurityPolicy: mTLS mode, authorization, or both. */
export function securityPolicySpec(): fc.Arbitrary<SecurityPolicySpec> {
  const targetRef = fc.oneof(
    fc.record({ kind: from(['Deployment', 'StatefulSet', 'DaemonSet']), name: from(pools.deployments) }),
    fc.record({ kind: fc.constant('Service'), name: from(pools.services) }),
    fc.record({ kind: fc.constant('Namespace'), name: from(pools.namespaces) }),
    fc.record({ kind: fc.constant('Mesh'), name: from(['default', 'other']) }),
    fc.record({ kind: fc.constant('ExternalWorkload'), name: from(pools.services) }),
  );
  const targetRefs = distinct(targetRef, (target) => `${target.kind}/${target.name}`, [1, 3]);
  const selector = fc.record({
    matchLabels: from([{ app: 'reviews' }, { version: 'v1' }, { app: '', a: 'b' }]),
  });
  const transition = spec({}, { type: from(['Safe', 'Immediate']), quietPeriod: from(['1s', '24h']) });
  const mode = from(['Permissive', 'Strict', 'Disabled']);
  const portModes = distinct(fc.record({ port: from(pools.ports), mode }), (one) => String(one.port), [1, 3]);
  const mtls = fc.oneof(
    spec({ mode }, { ports: portModes, transition }),
    spec({ ports: portModes }, { transition }),
  );
  const rulesOf = (count: [number, number]): fc.Arbitrary<object[]> =>
    distinct(rule, (one) => one.name, count);
  const authorization = spec(
    { rules: rulesOf([0, 4]) },
    { enforcement: from(['Enforce', 'Audit']), responseHeader: fc.boolean() },
  );
  const byToken = rule.chain((one) =>
    tokenMatch.map((jwt) => ({ ...one, name: 'by-token', from: [...(one.from ?? []), { jwt }] })),
  );
  const withTokens = fc
    .tuple(authorization, byToken)
    .map(([{ rules }, more]) => ({ rules: [...rules, more] }));
  const asking = spec({ external: externalAuthorizer(pools, request) }, { rules: rulesOf([0, 2]) });
  return fc
    .oneof(
      fc.record({ targetRefs, mtls }),
      fc.record({ targetRefs, authorization }),
      fc.record({ targetRefs, mtls, authorization }),
      fc.record({ targetRefs, authentication: authentication(request) }),
      fc.record({ targetRefs, authentication: authentication(request), authorization: withTokens }),
      fc.record({ selector, mtls, authorization }),
      fc.record({ targetRefs, authorization: asking }),
    )
    .map((input) => SecurityPolicySpec.parse(input));
}

/** Specs of ExternalWorkload; ports and names, and bindings, are distinct. */
export function externalWorkloadSpec(): fc.Arbitrary<ExternalWorkloadSpec> {
  const names = ['http', 'grpc', 'tcp', 'metrics'];
  const port = spec(
    { port: from([...pools.ports, 9443]) },
    {
      appProtocol: from(['http', 'grpc', 'tcp', 'kubernetes.io/h2c']),
      applicationPort: from([3000, 18_080, 65_535]),
    },
  );
  const ports = distinct(port, (one) => one.port, [0, 4]).chain((list) =>
    fc
      .subarray(names)
      .map((some) => list.map((one, i) => (some[i] === undefined ? one : { name: some[i], ...one }))),
  );
  const binding = spec(
    { service: from(pools.services), port: from(pools.ports), bindPort: from([10_001, 10_002, 10_003]) },
    { namespace: from(pools.namespaces), bindAddress: from(['127.0.0.1', '127.0.0.2', '::1']) },
  );
  const outbound = distinct(binding, (one) => `${one.bindAddress ?? '127.0.0.1'} ${one.bindPort}`, [0, 4]);
  return spec({ address: from(addresses) }, { serviceAccount: from(pools.serviceAccounts), ports, outbound })
    .map((input) => ExternalWorkloadSpec.parse(input))
    .filter(isNoLoop);
}

/** Application and sidecar have places of their own: see the rules of ExternalWorkload. */
function isNoLoop({ address, serviceAccount, ports }: ExternalWorkloadSpec): boolean {
  const isShared = serviceAccount !== undefined && address === '127.0.0.1';
  return !isShared || ports.every(({ port, applicationPort }) => (applicationPort ?? port) !== port);
}
