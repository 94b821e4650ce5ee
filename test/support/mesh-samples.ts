// Meshes for tests of resource builders, in the IR's words: each with the fewest facts, to be overridden.
import type {
  AuthorizationIr,
  CallerIr,
  InboundPortIr,
  PeersIr,
  ProbeIr,
  RuleIr,
} from '../../operator/ir/inbound.ts';
import type { RequestIr } from '../../operator/ir/request.ts';
import type {
  CircuitBreakerIr,
  ConnectionIr,
  DestinationIr,
  OutlierDetectionIr,
} from '../../operator/ir/destination.ts';
import { type AccessLogIr, defaultAccessLogs } from '../../operator/ir/access-log.ts';
import type { IdentityIr, MeshIr, SidecarIr, WorkloadIr, RootRotationIr } from '../../operator/ir/mesh-ir.ts';
import type { Origin } from '../../operator/ir/origin.ts';
import type {
  BackendIr,
  ForwardIr,
  RetryIr,
  RouteIr,
  RouteListIr,
  RouteMatchIr,
} from '../../operator/ir/route.ts';
import type { EndpointIr, ServicePortIr } from '../../operator/ir/service.ts';

export const trustDomain = 'cluster.local';
export const meshOrigin: Origin = { kind: 'Mesh', namespace: '', name: 'default', generation: 1 };

export function spiffeId(serviceAccount: string, namespace = 'shop'): string {
  return `spiffe://${trustDomain}/ns/${namespace}/sa/${serviceAccount}`;
}

export const sampleSidecar: SidecarIr = {
  namespaceLabels: { 'meshwright.dev/mesh': 'enabled' },
  image: null,
  initImage: null,
  resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: {} },
  excludeInboundPorts: [],
  excludeOutboundPorts: [],
  excludeOutboundCidrs: [],
  maxConcurrentRollouts: 3,
  drainSeconds: 5,
};

export const sampleRootRotation: RootRotationIr = {
  mode: 'Proceed',
  issuedAfterMs: null,
  renewBeforeMs: 0,
  phaseTimeoutMs: 3_600_000,
};

/** An access log of all requests and connections. */
export const sampleAccessLog: AccessLogIr = {
  name: 'all',
  format: { type: 'JSON', fields: null },
  filter: null,
  outcome: 'Any',
  providers: [],
  percentage: 100,
  directions: ['Inbound', 'Outbound'],
  probes: false,
  everywhere: true,
};

/** For tests that read lines about what went well: `accessLogs: [{name: all}]`. */
export function withAllLines(mesh: MeshIr): MeshIr {
  return { ...mesh, settings: { ...mesh.settings, accessLogs: [sampleAccessLog] } };
}

export function sampleMesh(parts: Partial<MeshIr>): MeshIr {
  const settings = {
    name: 'default',
    trustDomain,
    outboundMode: 'AllowAny',
    allowedHosts: [],
    learnsHosts: false,
    accessLogs: defaultAccessLogs,
    providers: [],
    tracing: null,
    certificates: {
      authority: { type: 'BuiltIn' },
      ttlMs: 86_400_000,
      issuedAfterMs: null,
      rootRotation: sampleRootRotation,
    },
    sidecar: sampleSidecar,
    origin: meshOrigin,
  } as const;
  return { settings, services: [], workloads: [], identities: [], ...parts };
}

/** routes: those of all callers. */
export type ServiceParts = Partial<Omit<ServicePortIr, 'routes'>> & {
  readonly routes?: RouteListIr;
  readonly byAudience?: ServicePortIr['routes']['byAudience'];
};

export function sampleService(key: string, parts: ServiceParts = {}): ServicePortIr {
  const [namespace = '', service = '', port = ''] = key.split('/');
  const protocol = parts.protocol ?? 'HTTP';
  const { routes = protocol === 'HTTP' ? [sampleRoute('default')] : [], byAudience = [], ...others } = parts;
  return {
    key,
    namespace,
    service,
    port: Number(port),
    protocol,
    carries: null,
    addresses: [],
    headless: false,
    directAddresses: parts.headless === true ? (parts.endpoints ?? []).map(addressOf) : [],
    peerIdentities: [],
    endpoints: [],
    destination: sampleDestination(),
    subsets: [],
    copies: [],
    connectionRoutes: [],
    consumers: [],
    origins: [{ kind: 'Service', namespace, name: service, generation: 1 }],
    endpointOrigins: [],
    ...others,
    routes: {
      default: withService(routes, key),
      byAudience: byAudience.map((one) => ({ ...one, routes: withService(one.routes, key) })),
    },
  };
}

export const noLimits: CircuitBreakerIr = {
  maxConnections: 0,
  maxPendingRequests: 0,
  maxRequests: 0,
  maxRetries: 0,
  retryBudget: null,
  maxConnectionsPerEndpoint: 0,
};

export const unreachableOnly: OutlierDetectionIr = {
  consecutive5xx: 0,
  consecutiveGatewayErrors: 0,
  consecutiveLocalOriginFailures: null,
  successRate: null,
  failurePercentage: null,
  intervalMs: 1_000,
  baseEjectionTimeMs: 2_000,
  maxEjectionPercentage: 100,
};

export const usualConnection: ConnectionIr = {
  connectTimeoutMs: 5_000,
  tcpKeepalive: { timeMs: 300_000, intervalMs: 30_000, probes: 4 },
  maxRequests: 0,
  maxAgeMs: 0,
  idleTimeoutMs: 600_000,
  maxConcurrentStreams: 0,
};

/** As without a policy. */
export function sampleDestination(parts: Partial<DestinationIr> = {}): DestinationIr {
  return {
    loadBalancer: null,
    locality: null,
    panicThreshold: 1,
    circuitBreaker: noLimits,
    outlierDetection: unreachableOnly,
    healthCheck: null,
    connection: usualConnection,
    setBy: {},
    origins: [],
    ...parts,
  };
}

function addressOf({ address, port }: EndpointIr): Pick<EndpointIr, 'address' | 'port'> {
  return { address, port };
}

/** In a backend: the service whose route it is. */
export const ownService = '';

function withService(routes: RouteListIr, key: string): RouteListIr {
  const owned = (backend: BackendIr): BackendIr =>
    'service' in backend && backend.service === ownService ? { ...backend, service: key } : backend;
  return routes.map((route) => {
    const { action } = route;
    if (action.type !== 'Forward') return route;
    return { ...route, action: { ...action, backends: action.backends.map(owned) } };
  });
}

export function forwardTo(...backends: readonly BackendIr[]): ForwardIr {
  return { type: 'Forward', backends, rewrite: null, mirrors: [] };
}

export const noRetry: RetryIr = {
  attempts: 0,
  perTryTimeoutMs: 0,
  on: [],
  statusCodes: [],
  grpcCodes: [],
  otherZone: false,
  hedge: false,
  backoff: null,
};

export function sampleMatch(parts: Partial<RouteMatchIr>): RouteMatchIr {
  return { path: null, method: null, headers: [], queryParameters: [], hostnames: [], grpc: false, ...parts };
}

export function sampleRoute(name: string, parts: Partial<RouteIr> = {}): RouteIr {
  return {
    name,
    matches: 'any',
    action: forwardTo({ service: ownService, subset: null, weight: 1 }),
    timeoutMs: 0,
    idleTimeoutMs: 0,
    cors: null,
    upgrades: null,
    streamTimeoutMs: 0,
    retry: noRetry,
    hashOn: [],
    stickySession: null,
    requestHeaders: null,
    responseHeaders: null,
    fault: null,
    setBy: {},
    origins: [],
    ...parts,
  };
}

export function sampleEndpoint(port: number, parts: Partial<EndpointIr> = {}): EndpointIr {
  return {
    address: '127.0.0.1',
    port,
    mtls: false,
    mtlsDisabled: false,
    health: 'Healthy',
    zone: null,
    workload: '',
    ...parts,
  };
}

export function sampleIdentity(serviceAccount: string, namespace = 'shop'): IdentityIr {
  return { namespace, serviceAccount, spiffeId: spiffeId(serviceAccount, namespace) };
}

/** An ExternalWorkload of that service account, not intercepted. */
export function sampleWorkload(name: string, parts: Partial<WorkloadIr> = {}): WorkloadIr {
  return {
    key: `ExternalWorkload/shop/${name}`,
    kind: 'ExternalWorkload',
    namespace: 'shop',
    name,
    uid: '',
    identity: sampleIdentity(name),
    audience: null,
    zone: null,
    intercepted: false,
    addresses: ['127.0.0.1'],
    inbound: [],
    otherInbound: { mtls: 'Permissive', authorization: noRules },
    bindings: [],
    accessLogs: [],
    origins: [{ kind: 'ExternalWorkload', namespace: 'shop', name, generation: 1 }],
    ...parts,
  };
}

export const noRules: AuthorizationIr = { deny: [], allow: 'all' };

export function sampleInbound(
  port: number,
  applicationPort: number,
  parts: Partial<InboundPortIr> = {},
): InboundPortIr {
  return {
    port,
    listenAddress: '127.0.0.1',
    application: { address: '127.0.0.1', port: applicationPort },
    protocol: 'HTTP',
    mtls: 'Permissive',
    authentication: null,
    authorization: noRules,
    authorizers: [],
    authorizerHeaders: [],
    audit: null,
    namesRule: false,
    limits: null,
    probes: [],
    origins: [{ kind: 'ExternalWorkload', namespace: 'shop', name: 'server', generation: 1 }],
    ...parts,
  };
}

/** A rule for these service accounts of the namespace shop, and any request unless `requests` says more. */
export function sampleRule(
  id: string,
  callers: 'anyone' | readonly string[],
  requests: RuleIr['requests'] = 'any',
): RuleIr {
  if (callers === 'anyone') return { id, callers, unidentified: true, requests };
  const spiffeIds = callers.map((name) => spiffeId(name));
  return { id, callers: [sampleCaller({ spiffeIds })], unidentified: false, requests };
}

/** A caller by identity. */
export function sampleCaller(peers: Partial<PeersIr>, more: Partial<CallerIr> = {}): CallerIr {
  return {
    identities: samplePeers(peers),
    networks: 'any',
    remoteNetworks: 'any',
    token: null,
    not: null,
    ...more,
  };
}

export function samplePeers(peers: Partial<PeersIr>): PeersIr {
  return { spiffeIds: [], spiffePrefixes: [], foreignIds: [], ...peers };
}

export function sampleRequest(parts: Partial<RequestIr>): RequestIr {
  return { methods: 'any', paths: 'any', hosts: 'any', headers: [], not: null, ...parts };
}

/** What a kubelet asks for a probe without headers of its own. */
export function sampleProbe(path: string, parts: Partial<ProbeIr> = {}): ProbeIr {
  return { method: 'GET', path, host: null, headers: {}, timeoutMs: 5000, ...parts };
}
