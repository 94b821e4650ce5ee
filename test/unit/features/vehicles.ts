// By which vehicle each field of each kind gets to proxies that run: what changes when the field does. The test beside it makes each of
// these changes, so that the table cannot lie, and looks for a row for every field of the schemas.
//
// What comes with a listener (LDS) holds for new connections only. So each row with LDS says in `because` what makes connections that exist
// obey by the time of the acknowledgement: a policy that they obey only when they are drained must not say Programmed before.

export interface Row {
  /** Of the world: `Mesh/default`. */
  readonly object: string;
  /** Below its spec; numbers are items of lists: `routes.0.name`. */
  readonly field: string;
  readonly to: unknown;
  /** The types of which a resource changes: `LDS RDS`. */
  readonly by: string;
  /** Of what comes with a listener, and of what comes by none of these. */
  readonly because: string | null;
  /** What has to change with it; null: goes. */
  readonly also: Readonly<Record<string, unknown>>;
}

type Cells = readonly [field: string, to: unknown, by: string, because?: string | null, also?: Row['also']];

function rows(object: string, cells: readonly Cells[]): readonly Row[] {
  return cells.map(([field, to, by, because = null, also = {}]) => ({
    object,
    field,
    to,
    by,
    because,
    also,
  }));
}

const strict =
  'The chain for callers without an identity comes or goes, with nobody else on it. Those on it are refused at their next byte by RTDS, and requests by RDS.';
const unknown =
  'New connections to unknown destinations get another cluster. When the mode becomes RegistryOnly, those that exist are refused at their next byte by RTDS, and requests by RDS.';
const egressPort =
  'A listener or a chain comes or goes for the port. Connections to hosts that are no longer in the list are refused at their next byte by RTDS, and requests, too.';
const learn = 'What is counted, and no policy: of new connections to the two ports.';
const address =
  'Where the workload is reached, or where it reaches others: there is another listener, and nobody is connected to it.';
const binding =
  'Which service a binding stands for, which is no policy: connections that exist go on to the former one until they are drained.';
const protocol =
  'What the port speaks, which is no policy: connections that exist go on as they began until they are drained.';
const template = 'Of the pod template: pods are replaced.';
const operator = 'What the operator does itself.';
const lines =
  'What is written, and no policy: requests on connections that exist are written as before until these are drained, which takes as long as sidecar.drain.';
const staged =
  'It says when the mode becomes Strict, where plaintext is in use: nothing here. What it changes then is what mtls.mode changes.';
const certificates = 'Of the certificate: in a file beside the sidecar.';
const otherPorts =
  'Ports that no Service names are guarded as well, of which those that the rules name become ports of their own. Whoever is connected to one keeps the rules of before until drained, see decision 23; callers without an identity are refused at their next byte by RTDS.';
const logs = 'On TCP ports a rule has no name that anybody sees.';

/** In place of the CA in world.yaml. */
const otherCa = `-----BEGIN CERTIFICATE-----
MIIBdjCCAR2gAwIBAgIUR/mkegvPDk4dJFzLYHKV4KSMzIYwCgYIKoZIzj0EAwIw
EDEOMAwGA1UEAwwFb3RoZXIwIBcNMjYxMTI5MTYwMTM5WhgPMjEyNjExMDUxNjAx
MzlaMBAxDjAMBgNVBAMMBW90aGVyMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE
nl9Tt8nby4EydPjUdh29BYgGygxEHp8lKTS6/OkDdnyFIoW9r3qkjgQem92foRDy
trOQfgGF/XGamKyGKodQg6NTMFEwHQYDVR0OBBYEFJH0URj/Ju5u1LaNfP0SGxu+
K/1NMB8GA1UdIwQYMBaAFJH0URj/Ju5u1LaNfP0SGxu+K/1NMA8GA1UdEwEB/wQF
MAMBAf8wCgYIKoZIzj0EAwIDRwAwRAIgPVYTVNmK1dgxAoKDEtr6Ih+XR/PETCbd
8jURkgXs51ACIFpLe1kcSWDNEtAptj3Lg3PLcuVAj5hIoC7zCMf4H1Cf
-----END CERTIFICATE-----`;

/** In place of the key in world.yaml. */
const otherKeys =
  '{"keys":[{"kty":"EC","crv":"P-256","kid":"2026-12","x":"qasamBoBXAnjWrtTnXayb7-lH5Le1Tix3A5Wsrpfqvg","y":"Nsf4EBasY_kmh00QFgxswbyaIryhsjvS1U7V4TWgMtc"}]}';

/** In place of the intermediate in world.yaml. */
const fromIssuer = {
  'certificates.authority': {
    type: 'CertManager',
    issuerRef: { name: 'mesh-ca', kind: 'ClusterIssuer', group: 'cert-manager.io' },
    caBundle: 'root: -----BEGIN CERTIFICATE-----',
  },
};

const inOrder = [{ from: 'a', to: ['b'] }];
const byShares = [{ from: 'a', to: [{ zone: 'b', weight: 20 }] }];
/** In a world where it is an order, or in one where it is shares, the other comes with its type. */
const zones = (locality: string, order: string, shares: string): readonly Cells[] => {
  const toOrder = order === 'EDS' ? {} : { [locality]: { type: 'Failover', failover: inOrder } };
  const toShares = shares === 'EDS' ? {} : { [locality]: { type: 'Weighted', weights: byShares } };
  return [
    order === 'EDS'
      ? [
          `${locality}.type`,
          'Weighted',
          shares,
          null,
          { [locality]: { type: 'Failover', weights: byShares } },
        ]
      : [
          `${locality}.type`,
          'Failover',
          order,
          null,
          { [locality]: { type: 'Weighted', failover: inOrder } },
        ],
    [`${locality}.failover.0.from`, 'd', order, null, toOrder],
    [`${locality}.failover.0.to.0`, 'c', order, null, toOrder],
    [`${locality}.weights.0.from`, 'd', shares, null, toShares],
    [`${locality}.weights.0.to.0.zone`, 'd', shares, null, toShares],
    [`${locality}.weights.0.to.0.weight`, 30, shares, null, toShares],
  ];
};

/** Of requests of a rule, and of exceptions from tokens. */
/** ports: what comes with a change of ports. */
const requestCells = (request: string, ports = 'RDS'): readonly Cells[] => [
  [`${request}.ports.0`, 9081, ports],
  [`${request}.hosts.0`, 'other', 'RDS'],
  [`${request}.headers.0.name`, 'x-other', 'RDS'],
  [`${request}.headers.0.type`, 'Present', 'RDS', null, { [`${request}.headers.0.value`]: null }],
  [`${request}.headers.0.value`, 'b', 'RDS'],
  [`${request}.not.ports.0`, 9080, ports],
  [`${request}.not.methods.0`, 'POST', 'RDS'],
  [`${request}.not.paths.0.type`, 'Exact', 'RDS'],
  [`${request}.not.paths.0.value`, '/other', 'RDS'],
  [`${request}.not.paths.0.ignoreCase`, true, 'RDS'],
  [`${request}.not.hosts.0`, 'other', 'RDS'],
  [`${request}.not.headers.0.name`, 'x-other', 'RDS'],
  [`${request}.not.headers.0.type`, 'Present', 'RDS', null, { [`${request}.not.headers.0.value`]: null }],
  [`${request}.not.headers.0.value`, 'b', 'RDS'],
];

/** Of a TrafficPolicy, and of the defaults of the Mesh. */
const endpoints: readonly Cells[] = [
  ['locality.panicThreshold', 3, 'CDS'],
  ['circuitBreaker.maxConnections', 11, 'CDS'],
  ['circuitBreaker.maxPendingRequests', 11, 'CDS'],
  ['circuitBreaker.maxRequests', 11, 'CDS'],
  ['circuitBreaker.maxRetries', 11, 'CDS'],
  ['circuitBreaker.perEndpoint.maxConnections', 11, 'CDS'],
  ['outlierDetection.consecutive5xx', 6, 'CDS'],
  ['outlierDetection.consecutiveGatewayErrors', 6, 'CDS'],
  ['outlierDetection.consecutiveLocalOriginFailures', 6, 'CDS'],
  ['outlierDetection.successRate.minEndpoints', 4, 'CDS'],
  ['outlierDetection.successRate.minRequests', 11, 'CDS'],
  ['outlierDetection.successRate.standardDeviationPercentage', 201, 'CDS'],
  ['outlierDetection.failurePercentage.threshold', 91, 'CDS'],
  ['outlierDetection.failurePercentage.minEndpoints', 4, 'CDS'],
  ['outlierDetection.failurePercentage.minRequests', 11, 'CDS'],
  ['healthCheck.path', '/other', 'CDS'],
  ['healthCheck.interval', '6s', 'CDS'],
  ['healthCheck.timeout', '2s', 'CDS'],
  ['healthCheck.unhealthyThreshold', 3, 'CDS'],
  ['healthCheck.healthyThreshold', 3, 'CDS'],
  ['outlierDetection.interval', '6s', 'CDS'],
  ['outlierDetection.baseEjectionTime', '11s', 'CDS'],
  ['outlierDetection.maxEjectionPercentage', 61, 'CDS'],
  ['connection.connectTimeout', '2s', 'CDS'],
  ['connection.tcpKeepalive.time', '2m', 'CDS'],
  ['connection.tcpKeepalive.interval', '20s', 'CDS'],
  ['connection.tcpKeepalive.probes', 5, 'CDS'],
  ['connection.maxRequests', 101, 'CDS'],
  ['connection.maxAge', '2h', 'CDS'],
  ['connection.idleTimeout', '2m', 'CDS'],
  ['connection.http2.maxConcurrentStreams', 101, 'CDS'],
];

const startsSlowly = {
  'defaults.loadBalancer': { type: 'LeastRequest', slowStart: { window: '30s', minWeightPercentage: 10 } },
};
const hasBudget = {
  'defaults.circuitBreaker.maxRetries': null,
  'defaults.retry': { attempts: 1, budget: { percentage: 20, minConcurrency: 10 } },
};
const sticks = {
  'defaults.loadBalancer': { type: 'LeastRequest', stickySession: { cookie: 's', ttl: '1h' } },
};
const toDefaults = (cells: readonly Cells[]): readonly Cells[] =>
  cells.map(([field, ...others]) => [`defaults.${field}`, ...others]);

export const table: readonly Row[] = [
  ...rows('Mesh/default', [
    ['trustDomain', 'other.local', 'CDS EDS RDS SDS'],
    ['namespaceSelector.matchLabels', { mesh: 'other' }, '', template],
    ['sidecar.image', 'envoy:2', '', template],
    ['sidecar.initImage', 'init:2', '', template],
    ['sidecar.resources.requests.cpu', '200m', '', template],
    ['sidecar.resources.requests.memory', '256Mi', '', template],
    ['sidecar.resources.limits.cpu', '2', '', template],
    ['sidecar.resources.limits.memory', '2Gi', '', template],
    ['sidecar.interception.excludeInboundPorts.0', 23, '', template],
    ['sidecar.interception.excludeOutboundPorts.0', 26, '', template],
    ['sidecar.interception.excludeOutboundCIDRs.0', '192.0.3.0/24', '', template],
    ['sidecar.rollout.maxConcurrent', 4, '', operator],
    ['sidecar.drain', '6s', '', template],
    [
      'telemetry.providers.0.name',
      'others',
      '',
      operator,
      { 'telemetry.accessLogs.0.providers': ['others'], 'telemetry.tracing.providers': ['others'] },
    ],
    ['telemetry.providers.0.type', 'Plugin', '', operator],
    ['telemetry.providers.0.endpoint', 'http://elsewhere.shop:4317', '', operator],
    ['telemetry.providers.0.protocol', 'HTTP', '', operator],
    ['telemetry.providers.0.metrics', true, '', operator],
    ['telemetry.tracing.providers.0', 'second', '', operator],
    ['telemetry.tracing.percentage', 11, 'LDS', lines],
    ['telemetry.accessLogs.0.providers.0', 'second', '', operator],
    ['telemetry.accessLogs.0.name', 'others', 'LDS RTDS', lines],
    [
      'telemetry.accessLogs.0.format.type',
      'Text',
      'LDS',
      lines,
      { 'telemetry.accessLogs.0.format': { type: 'JSON', text: '{path}' } },
    ],
    ['telemetry.accessLogs.0.format.fields.0', 'method', 'LDS', lines],
    ['telemetry.accessLogs.1.format.text', '{method}', 'LDS', lines],
    ['telemetry.accessLogs.0.filter', 'response.code >= 400', 'LDS', lines],
    ['telemetry.accessLogs.0.percentage', 51, 'RTDS'],
    ['telemetry.accessLogs.0.directions.0', 'Outbound', 'RTDS'],
    ['telemetry.accessLogs.0.probes', true, 'LDS', lines],
    ['telemetry.accessLogs.0.namespaces.0', 'other', 'RTDS'],
    ['telemetry.accessLogs.0.selector.matchLabels', { app: 'productpage' }, 'RTDS'],
    ['telemetry.metrics.reporters', 'Destination', 'RTDS'],
    ['telemetry.metrics.labels.0', 'Route', '', operator],
    ['telemetry.metrics.maxSeries', 1_000, '', operator],
    ['mtls.mode', 'Strict', 'LDS RDS RTDS', strict],
    ['mtls.mode', 'Disabled', 'CDS ECDS EDS'],
    ['mtls.transition.type', 'Immediate', '', staged],
    ['mtls.transition.quietPeriod', '5m', '', operator],
    [
      'certificates.authority.type',
      'BuiltIn',
      '',
      certificates,
      { 'certificates.authority.secretRef': null },
    ],
    ['certificates.authority.secretRef.name', 'other', '', certificates],
    ['certificates.authority.issuerRef.name', 'other', '', certificates, fromIssuer],
    ['certificates.authority.issuerRef.kind', 'Issuer', '', certificates, fromIssuer],
    ['certificates.authority.issuerRef.group', 'other.test', '', certificates, fromIssuer],
    ['certificates.authority.caBundle', '-----BEGIN CERTIFICATE-----', '', certificates, fromIssuer],
    ['certificates.delivery', 'Secret', '', certificates],
    ['certificates.workloadTTL', '48h', '', certificates],
    ['certificates.issuedAfter', '2026-02-01T00:00:00Z', '', certificates],
    ['certificates.rootRotation.issuedAfter', '2026-02-01T00:00:00Z', '', certificates],
    ['certificates.rootRotation.renewBefore', '48h', '', certificates],
    ['certificates.rootRotation.phaseTimeout', '2h', '', certificates],
    ['certificates.rootRotation.mode', 'Abort', '', certificates],
    ['outbound.mode', 'AllowAny', 'ECDS LDS RDS RTDS', unknown],
    ['outbound.learn', true, 'ECDS LDS RDS', learn],
    ['outbound.hosts.0.host', 'other.example.com', 'CDS ECDS RDS RTDS SDS'],
    ['outbound.hosts.0.namespaces.0', 'other', 'RTDS'],
    ['outbound.hosts.0.ports.0.port', 9443, 'ECDS LDS RTDS', egressPort],
    ['outbound.hosts.0.ports.0.protocol', 'HTTP', 'ECDS LDS RDS RTDS', egressPort],
    ['outbound.hosts.0.ports.1.tls.port', 8443, 'RDS'],
    ['outbound.hosts.0.ports.1.tls.sni', 'other.example.com', 'CDS'],
    ['outbound.hosts.0.ports.1.tls.caBundle', `${otherCa}\n`, 'SDS'],
  ]),
  ...rows('Mesh/default', [
    ...toDefaults([
      ['timeout.request', '21s', 'VHDS'],
      ['timeout.idle', '21s', 'VHDS'],
      ['timeout.stream', '21m', 'VHDS'],
      ['retry.attempts', 4, 'VHDS'],
      ['retry.perTryTimeout', '4s', 'VHDS'],
      ['retry.hedge', false, 'VHDS'],
      ['retry.retryOn.0', 'ServerError', 'VHDS'],
      ['retry.statusCodes.0', 425, 'VHDS'],
      ['retry.grpcCodes.0', 'Cancelled', 'VHDS'],
      ['retry.backoff.base', '30ms', 'VHDS'],
      ['retry.backoff.max', '3s', 'VHDS'],
      ['retry.backoff.honorRetryAfter', true, 'VHDS'],
      ['loadBalancer.type', 'Maglev', 'CDS'],
      ['loadBalancer.hashOn.0.type', 'QueryParameter', 'VHDS'],
      ['loadBalancer.hashOn.0.name', 'x-other', 'VHDS'],
      ['loadBalancer.hashOn.1.ttl', '2h', 'VHDS'],
      ...endpoints,
    ]),
    // All of retry goes with it.
    ['defaults.retry.budget.percentage', 30, 'CDS VHDS', null, hasBudget],
    ['defaults.retry.budget.minConcurrency', 11, 'CDS VHDS', null, hasBudget],
    ['defaults.healthCheck.type', 'TCP', 'CDS', null, { 'defaults.healthCheck.path': null }],
    ...zones('defaults.locality', 'EDS', 'CDS EDS VHDS'),
    // The hash of routes goes with it.
    ['defaults.loadBalancer.stickySession.cookie', 'other', 'CDS VHDS', null, sticks],
    ['defaults.loadBalancer.stickySession.ttl', '2h', 'CDS VHDS', null, sticks],
    ['defaults.loadBalancer.slowStart.window', '1m', 'CDS VHDS', null, startsSlowly],
    ['defaults.loadBalancer.slowStart.minWeightPercentage', 20, 'CDS VHDS', null, startsSlowly],
  ]),
  ...rows('ExternalWorkload/vm', [
    ['address', '198.51.100.8', 'EDS LDS', address],
    ['serviceAccount', 'other', 'CDS'],
    ['ports.0.name', 'web', 'EDS'],
    ['ports.0.port', 9081, 'CDS ECDS EDS LDS RDS', address],
    ['ports.0.appProtocol', 'tcp', 'CDS ECDS EDS LDS RDS SDS', protocol],
    ['ports.0.applicationPort', 19081, 'CDS'],
    ['outbound.0.service', 'ratings', 'LDS', binding],
    ['outbound.0.namespace', 'other', 'ECDS LDS RDS VHDS', binding],
    ['outbound.0.port', 9081, 'ECDS LDS RDS VHDS', binding],
    ['outbound.0.bindAddress', '127.0.0.2', 'LDS', address],
    ['outbound.0.bindPort', 10002, 'LDS', address],
  ]),
  ...rows('TrafficPolicy/reviews', [
    [
      'targetRefs.0.kind',
      'Namespace',
      'CDS EDS VHDS',
      null,
      {
        routes: null,
        subsets: null,
        'targetRefs.0.namespace': null,
        'targetRefs.0.port': null,
        'targetRefs.0.name': 'shop',
      },
    ],
    ['targetRefs.0.name', 'ratings', 'CDS EDS VHDS'],
    ['targetRefs.0.port', 9999, 'CDS EDS VHDS'],
    ['targetRefs.0.namespace', 'other', 'CDS EDS VHDS'],
    ['timeout.request', '11s', 'VHDS'],
    ['timeout.idle', '11s', 'VHDS'],
    ['timeout.stream', '11m', 'VHDS'],
    ['retry.attempts', 4, 'VHDS'],
    ['retry.perTryTimeout', '1s', 'VHDS'],
    ['retry.hedge', false, 'VHDS'],
    ['retry.retryOn.0', 'ServerError', 'VHDS'],
    [
      'subsets.0.name',
      'v3',
      'CDS EDS VHDS',
      null,
      { 'routes.0.backends.0.subset': 'v3', 'routes.1.backends.0.subset': 'v3' },
    ],
    ['subsets.0.matchLabels', { version: 'v2' }, 'EDS'],
    ['routes.0.name', 'others', 'VHDS'],
    ['routes.0.matches.0.path.type', 'Exact', 'VHDS'],
    ['routes.0.matches.0.path.value', '/other', 'VHDS'],
    ['routes.0.matches.0.method', 'POST', 'VHDS'],
    ['routes.0.matches.0.headers.0.type', 'RegularExpression', 'VHDS'],
    ['routes.0.matches.0.headers.0.name', 'x-other', 'VHDS'],
    ['routes.0.matches.0.headers.0.value', 'other', 'VHDS'],
    ['routes.0.matches.0.headers.0.not', true, 'VHDS'],
    ['routes.0.matches.0.queryParameters.0.type', 'RegularExpression', 'VHDS'],
    ['routes.0.matches.0.queryParameters.0.name', 'other', 'VHDS'],
    ['routes.0.matches.0.queryParameters.0.value', 'other', 'VHDS'],
    [
      'routes.0.matches.0.queryParameters.0.not',
      true,
      'VHDS',
      null,
      {
        'routes.0.matches.0.queryParameters.0.type': 'Present',
        'routes.0.matches.0.queryParameters.0.value': null,
      },
    ],
    ['routes.0.matches.0.hostnames.0', 'other.example.com', 'VHDS'],
    ['routes.2.matches.0.grpc.service', 'shop.v1.Other', 'VHDS'],
    ['routes.2.matches.0.grpc.method', 'Other', 'VHDS'],
    ['routes.0.mirror.0.subset', 'v1', 'CDS EDS VHDS'],
    ['routes.0.mirror.0.percentage', 2, 'VHDS'],
    ['routes.4.mirror.0.service.namespace', 'other', 'CDS EDS VHDS'],
    ['routes.4.mirror.0.service.name', 'ratings', 'CDS EDS VHDS'],
    ['routes.4.mirror.0.service.port', 9081, 'CDS EDS VHDS'],
    ['routes.4.backends.0.service.namespace', 'other', 'VHDS'],
    ['routes.4.backends.0.service.name', 'details', 'VHDS'],
    ['routes.4.backends.0.service.port', 9081, 'VHDS'],
    ['routes.2.rewrite.hostname', 'other', 'VHDS'],
    [
      'routes.2.rewrite.path.type',
      'ReplaceFullPath',
      'VHDS',
      null,
      { 'routes.2.rewrite.path.substitution': null },
    ],
    ['routes.2.rewrite.path.value', '/v2/', 'VHDS'],
    ['routes.2.rewrite.path.substitution', '/other', 'VHDS'],
    ['routes.3.redirect.scheme', 'http', 'VHDS'],
    ['routes.3.redirect.hostname', 'other', 'VHDS'],
    ['routes.3.redirect.port', 80, 'VHDS'],
    [
      'routes.3.redirect.path.type',
      'ReplaceFullPath',
      'VHDS',
      null,
      { 'routes.3.redirect.path.value': '/other', 'routes.3.redirect.path.substitution': null },
    ],
    ['routes.3.redirect.path.value', 'old', 'VHDS'],
    ['routes.3.redirect.path.substitution', 'other', 'VHDS'],
    ['routes.3.redirect.status', 308, 'VHDS'],
    ['routes.4.matches.0.from.namespaces.0', 'shop', 'VHDS'],
    ['routes.4.matches.0.from.serviceAccounts.0', 'shop/other', 'VHDS'],
    ['routes.5.respond.status', 404, 'VHDS'],
    ['routes.5.respond.body', 'other', 'VHDS'],
    ['routes.0.backends.0.subset', 'v2', 'VHDS'],
    ['routes.0.backends.0.weight', 80, 'VHDS'],
    ['routes.0.timeout.request', '4s', 'VHDS'],
    ['routes.0.timeout.idle', '4s', 'VHDS'],
    ['routes.0.timeout.stream', '4m', 'VHDS'],
    ['routes.0.retry.attempts', 1, 'VHDS'],
    ['routes.0.retry.perTryTimeout', '2s', 'VHDS'],
    ['routes.0.retry.hedge', true, 'VHDS'],
    ['routes.0.retry.retryOn.0', 'ServerError', 'VHDS'],
    ['retry.statusCodes.0', 425, 'VHDS'],
    ['retry.grpcCodes.0', 'Cancelled', 'VHDS'],
    ['retry.backoff.base', '30ms', 'VHDS'],
    ['retry.backoff.max', '3s', 'VHDS'],
    ['retry.backoff.honorRetryAfter', true, 'VHDS'],
    ['retry.budget.percentage', 30, 'CDS'],
    ['retry.budget.minConcurrency', 11, 'CDS'],
    ['routes.0.retry.statusCodes.0', 425, 'VHDS'],
    ['routes.0.retry.grpcCodes.0', 'Cancelled', 'VHDS'],
    ['routes.0.retry.backoff.base', '30ms', 'VHDS'],
    ['routes.0.retry.backoff.max', '3s', 'VHDS'],
    ['routes.0.retry.backoff.honorRetryAfter', false, 'VHDS'],
    ['routes.0.requestHeaders.set.0.name', 'x-d', 'VHDS'],
    ['routes.0.requestHeaders.set.0.value', '2', 'VHDS'],
    ['routes.0.requestHeaders.add.0.name', 'x-d', 'VHDS'],
    ['routes.0.requestHeaders.add.0.value', '2', 'VHDS'],
    ['routes.0.requestHeaders.remove.0', 'x-d', 'VHDS'],
    ['routes.0.responseHeaders.set.0.name', 'x-d', 'VHDS'],
    ['routes.0.responseHeaders.set.0.value', '2', 'VHDS'],
    ['routes.0.responseHeaders.add.0.name', 'x-d', 'VHDS'],
    ['routes.0.responseHeaders.add.0.value', '2', 'VHDS'],
    ['routes.0.responseHeaders.remove.0', 'x-d', 'VHDS'],
    ['routes.0.cors.allowOrigins.0.type', 'RegularExpression', 'VHDS'],
    ['routes.0.cors.allowOrigins.0.value', 'https://b.example.com', 'VHDS'],
    ['routes.0.cors.allowMethods.0', 'DELETE', 'VHDS'],
    ['routes.0.cors.allowHeaders.0', 'x-other', 'VHDS'],
    ['routes.0.cors.exposeHeaders.0', 'x-other', 'VHDS'],
    ['routes.0.cors.maxAge', '20m', 'VHDS'],
    ['routes.0.cors.allowCredentials', false, 'VHDS'],
    ['routes.0.upgrades.0', 'SPDY/3.1', 'VHDS'],
    ['routes.0.fault.delay.duration', '2s', 'VHDS'],
    ['routes.0.fault.delay.percentage', 2, 'VHDS'],
    ['routes.0.fault.abort.status', 504, 'VHDS'],
    ['routes.0.fault.abort.percentage', 2, 'VHDS'],
    ['routes.1.fault.abort.grpcStatus', 'Internal', 'VHDS'],
    ['routes.0.fault.bandwidth.kibibytesPerSecond', 11, 'VHDS'],
    ['routes.0.fault.bandwidth.percentage', 2, 'VHDS'],
    ['routes.0.fault.only.headers.0.type', 'RegularExpression', 'VHDS'],
    ['routes.0.fault.only.headers.0.name', 'x-other', 'VHDS'],
    ['routes.0.fault.only.headers.0.value', 'other', 'VHDS'],
    ['routes.0.fault.only.headers.0.not', true, 'VHDS'],
  ]),
  ...rows('TrafficPolicy/reviews', [
    ['loadBalancer.type', 'Maglev', 'CDS'],
    ['loadBalancer.hashOn.0.type', 'QueryParameter', 'VHDS'],
    ['loadBalancer.hashOn.0.name', 'x-other', 'VHDS'],
    ['loadBalancer.hashOn.1.ttl', '2h', 'VHDS'],
  ]),
  ...rows('TrafficPolicy/ratings', [
    ...endpoints,
    ['healthCheck.type', 'TCP', 'CDS', null, { 'healthCheck.path': null }],
    ...zones('locality', 'CDS EDS VHDS', 'EDS'),
    ['loadBalancer.stickySession.cookie', 'other', 'VHDS'],
    ['loadBalancer.stickySession.ttl', '2h', 'VHDS'],
    ['loadBalancer.slowStart.window', '1m', 'CDS'],
    ['loadBalancer.slowStart.minWeightPercentage', 20, 'CDS'],
  ]),
  ...rows('TrafficPolicy/limits', [
    ['limits.0.name', 'others', 'ECDS'],
    ['limits.0.match.path.type', 'Exact', 'ECDS'],
    ['limits.0.match.path.value', '/b', 'ECDS'],
    ['limits.0.match.method', 'POST', 'ECDS'],
    ['limits.0.match.headers.0.type', 'RegularExpression', 'ECDS'],
    ['limits.0.match.headers.0.name', 'x-other', 'ECDS'],
    ['limits.0.match.headers.0.value', 'other', 'ECDS'],
    ['limits.0.match.headers.0.not', true, 'ECDS'],
    ['limits.0.per', 'Caller', 'ECDS', null, { 'limits.0.header': null }],
    ['limits.0.header', 'x-other', 'ECDS'],
    ['limits.0.rate.requests', 11, 'ECDS'],
    ['limits.0.rate.per', '2m', 'ECDS'],
    ['limits.0.rate.burst', 21, 'ECDS'],
    ['quotas.0.name', 'others', 'ECDS'],
    ['quotas.0.match.path.type', 'Exact', 'ECDS'],
    ['quotas.0.match.path.value', '/b', 'ECDS'],
    ['quotas.0.match.method', 'POST', 'ECDS'],
    ['quotas.0.match.headers.0.type', 'RegularExpression', 'ECDS'],
    ['quotas.0.match.headers.0.name', 'x-other', 'ECDS'],
    ['quotas.0.match.headers.0.value', 'other', 'ECDS'],
    ['quotas.0.match.headers.0.not', true, 'ECDS'],
    ['quotas.0.per', 'Caller', 'ECDS', null, { 'quotas.0.header': null }],
    ['quotas.0.header', 'x-other', 'ECDS'],
    ['quotas.0.requests', 11, 'ECDS'],
    ['quotas.0.period', '2m', 'ECDS'],
    ['quotas.0.window', 'Fixed', 'ECDS', null, { 'quotas.0.burst': null }],
    ['quotas.0.burst', 6, '', operator],
    ['quotas.0.enforcement', 'Audit', 'ECDS'],
    ['quotas.0.whenUnavailable', 'Allow', 'ECDS'],
    ['adaptiveConcurrency.maxConcurrency', 101, 'ECDS'],
    ['adaptiveConcurrency.minConcurrency', 6, 'ECDS'],
    ['adaptiveConcurrency.measurementInterval', '31s', 'ECDS'],
    ['adaptiveConcurrency.tolerancePercentage', 51, 'ECDS'],
    ['admissionControl.minSuccessPercentage', 91, 'ECDS'],
    ['admissionControl.window', '11s', 'ECDS'],
    ['admissionControl.minRequestsPerSecond', 11, 'ECDS'],
    ['admissionControl.maxRejectionPercentage', 51, 'ECDS'],
    ['callerIdentity.header', 'x-other', 'ECDS'],
  ]),
  ...rows('TrafficPolicy/db', [
    ['tcpRoutes.0.backends.0.subset', 'v2', 'ECDS'],
    ['tcpRoutes.0.backends.0.weight', 3, 'ECDS'],
    ['tcpRoutes.0.fault.abort.percentage', 2, 'ECDS'],
    ['tlsRoutes.0.sni.0', '*.example.com', 'ECDS'],
    ['tlsRoutes.0.backends.0.subset', 'v2', 'ECDS'],
    ['tlsRoutes.0.backends.0.weight', 3, 'ECDS'],
    ['tlsRoutes.0.fault.abort.percentage', 2, 'ECDS'],
  ]),
  ...rows('SecurityPolicy/requests', [
    ['targetRefs.0.kind', 'Service', 'LDS RTDS', strict],
    ['targetRefs.0.name', 'gone', 'LDS RDS RTDS', strict],
    ['mtls.mode', 'Strict', 'RDS'],
    ['mtls.mode', 'Disabled', 'CDS ECDS EDS'],
    ['mtls.transition.type', 'Immediate', '', staged],
    ['mtls.transition.quietPeriod', '5m', '', operator],
    [
      'authentication.jwt.0.name',
      'other-name',
      'RDS',
      null,
      { 'authorization.rules.0.from.0.jwt.provider': null },
    ],
    ['authentication.jwt.0.issuer', 'https://elsewhere.example', 'RDS'],
    ['authentication.jwt.0.audiences.0', 'other', 'RDS'],
    ['authentication.jwt.0.jwks.inline', otherKeys, 'RDS'],
    ['authentication.jwt.2.jwks.uri', 'https://elsewhere.example/jwks.json', 'RDS'],
    [
      'authentication.jwt.2.jwks.caBundle',
      '-----BEGIN CERTIFICATE-----\nMIIC\n-----END CERTIFICATE-----\n',
      'RDS',
    ],
    ['authentication.jwt.2.jwks.refreshInterval', '1m', '', operator],
    ['authentication.jwt.0.from.headers.0.name', 'x-other', 'RDS'],
    ['authentication.jwt.0.from.headers.0.prefix', 'Token ', 'RDS'],
    ['authentication.jwt.0.from.cookies.0', 'other', 'RDS'],
    ['authentication.jwt.0.from.queryParameters.0', 'other', 'RDS'],
    ['authentication.jwt.0.forward', true, 'RDS'],
    ['authentication.jwt.0.claimsToHeaders.0.claim.0', 'other', 'RDS'],
    ['authentication.jwt.0.claimsToHeaders.0.header', 'x-other', 'RDS'],
    ['authentication.jwt.0.clockSkew', '30s', 'RDS'],
    ['authentication.mode', 'Optional', 'RDS'],
    ['authentication.exceptions.0.methods.0', 'HEAD', 'RDS'],
    ['authentication.exceptions.0.paths.0.type', 'Exact', 'RDS'],
    ['authentication.exceptions.0.paths.0.value', '/other', 'RDS'],
    ['authentication.exceptions.0.paths.0.ignoreCase', true, 'RDS'],
    ['authorization.rules.0.name', 'other', 'RDS'],
    ['authorization.rules.0.action', 'Deny', 'RDS'],
    ['authorization.rules.0.from.0.serviceAccounts.0', 'shop/other', 'RDS'],
    ['authorization.rules.0.from.0.namespaces.0', 'other', 'RDS'],
    ['authorization.rules.0.from.0.jwt.provider', 'other', 'RDS'],
    ['authorization.rules.0.from.0.jwt.subjects.0', 'bob', 'RDS'],
    ['authorization.rules.0.from.0.jwt.claims.0.path.0', 'other', 'RDS'],
    ['authorization.rules.0.from.0.jwt.claims.0.values.0', 'other', 'RDS'],
    ['authorization.rules.0.to.0.methods.0', 'POST', 'RDS'],
    ['authorization.rules.0.to.0.paths.0.type', 'Exact', 'RDS'],
    ['authorization.rules.0.to.0.paths.0.value', '/other', 'RDS'],
    ['authorization.rules.0.to.0.paths.0.ignoreCase', true, 'RDS'],
  ]),
  ...rows('SecurityPolicy/connections', [
    ['targetRefs.0.name', 'gone', 'EDS SDS'],
    ['mtls.mode', 'Strict', 'LDS RTDS', strict],
    ['mtls.mode', 'Disabled', 'ECDS EDS'],
    ['authorization.rules.0.name', 'other', '', logs],
    [
      'authorization.rules.0.action',
      'Allow',
      'EDS LDS RTDS SDS',
      strict,
      { 'authorization.unidentified': null },
    ],
    ['authorization.unidentified', 'Deny', 'LDS RTDS', strict],
  ]),
  ...rows('SecurityPolicy/requests', [
    ['authorization.unidentified', 'Deny', 'RDS'],
    ['authorization.responseHeader', true, 'RDS'],
    ['authorization.enforcement', 'Audit', 'RDS'],
  ]),
  ...rows('SecurityPolicy/connections', [
    ['authorization.rules.0.from.0.serviceAccounts.0', 'shop/other', 'EDS SDS'],
    ['authorization.rules.0.from.0.namespaces.0', 'shop', 'EDS SDS'],
  ]),
  ...rows('SecurityPolicy/everything', [
    ['selector.matchLabels', { app: 'reviews' }, 'CDS ECDS EDS LDS RTDS SDS', otherPorts],
    ['authorization.rules.0.from.0.principals.0', 'spiffe://partner.example/other', 'RDS'],
    ['authorization.rules.0.from.0.ipBlocks.0', '10.0.0.0/9', 'RDS'],
    ['authorization.rules.0.from.0.remoteIPBlocks.0', '192.0.2.0/25', 'RDS'],
    ['authorization.rules.0.from.0.not.serviceAccounts.0', 'shop/other', 'RDS'],
    ['authorization.rules.0.from.0.not.namespaces.0', 'other', 'RDS'],
    ['authorization.rules.0.from.0.not.principals.0', 'spiffe://partner.example/other', 'RDS'],
    ['authorization.rules.0.from.0.not.ipBlocks.0', '10.2.0.0/16', 'RDS'],
    ['authorization.rules.0.from.0.not.remoteIPBlocks.0', '192.0.2.2', 'RDS'],
    ...requestCells('authorization.rules.0.to.0'),
    ...requestCells('authentication.exceptions.0'),
  ]),
  ...rows('SecurityPolicy/entered', [
    ['authentication.login.oidc.provider', 'others', 'RDS'],
    ['authentication.login.oidc.clientId', 'other', 'RDS'],
    ['authentication.login.oidc.clientSecretKey', 'other', 'SDS'],
    ['authentication.login.oidc.clientAuthentication', 'Basic', 'RDS'],
    ['authentication.login.oidc.authorizationEndpoint', 'https://login.example/other', 'RDS'],
    ['authentication.login.oidc.tokenEndpoint', 'https://other.example/token', 'CDS RDS'],
    ['authentication.login.oidc.endSessionEndpoint', 'https://login.example/other', 'RDS'],
    ['authentication.login.oidc.caBundle', otherCa, 'CDS RDS'],
    ['authentication.login.oidc.scopes.0', 'profile', 'RDS'],
    ['authentication.login.oidc.redirectURI', 'https://shop.example/other', 'RDS'],
    ['authentication.login.oidc.logoutPath', '/other', 'RDS'],
    ['authentication.login.oidc.cookies.domain', 'other.example', 'RDS'],
    ['authentication.login.oidc.cookies.sameSite', 'None', 'RDS'],
    ['authentication.login.oidc.refresh', false, 'RDS'],
  ]),
  ...rows('SecurityPolicy/asked', [
    ['authorization.external.service.namespace', 'other', 'CDS EDS RDS'],
    ['authorization.external.service.name', 'details', 'CDS EDS RDS'],
    ['authorization.external.service.port', 9081, 'CDS EDS RDS'],
    [
      'authorization.external.protocol',
      'GRPC',
      'CDS EDS RDS',
      null,
      { 'authorization.external.pathPrefix': null, 'authorization.external.responseHeaders': null },
    ],
    ['authorization.external.pathPrefix', '/other', 'RDS'],
    ['authorization.external.timeout', '1s', 'RDS'],
    ['authorization.external.failureMode', 'Allow', 'RDS'],
    ['authorization.external.forwardBody.maxBytes', 1025, 'RDS'],
    ['authorization.external.forwardBody.partial', true, 'RDS'],
    ['authorization.external.allowedHeaders.0', 'x-other', 'RDS'],
    ['authorization.external.upstreamHeaders.0', 'x-other', 'RDS'],
    ['authorization.external.responseHeaders.0', 'x-other', 'RDS'],
    ['authorization.external.to.0.methods.0', 'POST', 'RDS'],
    ['authorization.external.to.0.paths.0.type', 'Exact', 'RDS'],
    ['authorization.external.to.0.paths.0.value', '/other', 'RDS'],
    ['authorization.external.to.0.paths.0.ignoreCase', true, 'RDS'],
    // Nobody else is asked there.
    ...requestCells('authorization.external.to.0', 'CDS EDS RDS'),
  ]),
  ...rows('SecurityPolicy/partners', [
    ['authorization.rules.0.from.0.principals.0', 'spiffe://partner.example/other', 'EDS SDS'],
    ['authorization.rules.0.from.0.not.serviceAccounts.0', 'shop/other', 'SDS'],
    ['authorization.rules.0.from.0.not.principals.0', 'spiffe://partner.example/other', 'SDS'],
  ]),
];
