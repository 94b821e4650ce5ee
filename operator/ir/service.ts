// The outbound side: a port of a service as its callers see it.
import type { DestinationIr } from './destination.ts';
import type { Origin } from './origin.ts';
import type { ConnectionRouteIr, RoutesIr } from './route.ts';

export interface ServicePortIr {
  /** `shop/reviews/9080`: namespace/service/port. */
  readonly key: string;
  readonly namespace: string;
  readonly service: string;
  readonly port: number;
  /** From appProtocol, then the port's name, then TCP. HTTP covers HTTP/1.1, HTTP/2 and gRPC. */
  readonly protocol: 'HTTP' | 'TCP';
  /** TLS: each connection begins with a handshake of the application. null: nobody says so. */
  readonly carries: 'TLS' | null;
  /** Virtual IPs at which interception finds it. Each address:port belongs to exactly one ServicePortIr. */
  readonly addresses: readonly string[];
  /** Callers address its endpoints one by one. */
  readonly headless: boolean;
  /** Headless: the addresses at which interception finds it. Only those of pods in its own namespace; sorted. */
  readonly directAddresses: readonly Pick<EndpointIr, 'address' | 'port'>[];
  /** SPIFFE ids that its meshed endpoints may present, sorted. Empty: no meshed endpoint is known, none is trusted. */
  readonly peerIdentities: readonly string[];
  /** All endpoints, sorted by address and port. */
  readonly endpoints: readonly EndpointIr[];
  readonly destination: DestinationIr;
  /** Sorted by name. */
  readonly subsets: readonly SubsetIr[];
  /** Of its endpoints, those to which routes of any service port send copies of requests. */
  readonly copies: readonly CopiesIr[];
  readonly routes: RoutesIr;
  /** TCP: in order, the first that matches; a connection that none matches goes to any endpoint. Empty for HTTP. */
  readonly connectionRoutes: readonly ConnectionRouteIr[];
  /** Callers that reach its endpoints in another way, by consumer policies. Sorted by audience. */
  readonly consumers: readonly ConsumerIr[];
  /** The Service, and the policy in force for the port (its routes and subsets name their own). */
  readonly origins: readonly Origin[];
  /** What shapes how its endpoints are reached, and nothing else: workloads, whoever decides their mutual TLS mode. */
  readonly endpointOrigins: readonly Origin[];
}

/** What is not the same for callers of an audience as it is for all others; their routes are among those by audience. */
export interface ConsumerIr extends Pick<
  ServicePortIr,
  'destination' | 'subsets' | 'copies' | 'connectionRoutes' | 'origins'
> {
  readonly audience: string;
}

/** As callers of an audience see it, as if there were no others; null: as all see it that are no consumers. */
export function seenBy(service: ServicePortIr, audience: string | null): ServicePortIr {
  const { routes, consumers } = service;
  const own = consumers.find((one) => one.audience === audience);
  if (own === undefined) {
    const others = routes.byAudience.filter((one) => !consumers.some((by) => by.audience === one.audience));
    return { ...service, routes: { ...routes, byAudience: others }, consumers: [] };
  }
  const { destination, subsets, copies, connectionRoutes, origins } = own;
  const theirs = routes.byAudience.find((one) => one.audience === audience)?.routes ?? routes.default;
  return {
    ...service,
    destination,
    subsets,
    copies,
    connectionRoutes,
    origins,
    routes: { default: theirs, byAudience: [] },
    consumers: [],
  };
}

export interface EndpointIr {
  readonly address: string;
  readonly port: number;
  /** Its sidecar takes mutual TLS on this port. */
  readonly mtls: boolean;
  /** It has a sidecar that must not: the mode of the port is Disabled. */
  readonly mtlsDisabled: boolean;
  /** Draining: terminating but still serving; gets no new requests unless nothing else is left. */
  readonly health: 'Healthy' | 'Draining';
  /** null: not known. */
  readonly zone: string | null;
  /** `Pod/shop/x` or `ExternalWorkload/shop/x` where known, else ''. */
  readonly workload: string;
}

/**
 * Whether callers may check an endpoint without calling it, which they do as themselves: only a workload of the Service's own namespace.
 * A slice may name any address, and a policy any path: others' servers must not be asked in the name of every caller.
 */
export function mayBeChecked({ workload }: Pick<EndpointIr, 'workload'>, namespace: string): boolean {
  return workload.split('/')[1] === namespace;
}

export interface SubsetIr {
  /** `v1`, or `v1@qa` if a consumer policy of namespace qa declares it. */
  readonly name: string;
  readonly endpoints: readonly EndpointIr[];
  readonly origins: readonly Origin[];
}

export interface CopiesIr {
  /** null: all endpoints. */
  readonly subset: string | null;
  /** Whose routes send them. */
  readonly origins: readonly Origin[];
}
