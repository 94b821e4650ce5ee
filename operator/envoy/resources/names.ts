// The names under which resources refer to each other, the headers that sidecars exchange, and the fixed ports.
// A name says what the resource is for and never changes while that stays the same: changing a name is a removal and an addition.
import type { ServicePortIr } from '../../ir/service.ts';

/** The one route table of all HTTP services; its virtual hosts come one by one, by VHDS. */
export const routeConfigurationName = 'outbound';
/** The route tables of an inbound port, which hold its authorization: one for callers with a certificate, one for the others. */
export function inboundRouteTableName(label: string, chain: 'mesh' | 'plaintext'): string {
  return `inbound/${label}/${chain}`;
}

/** The routes of a kubelet's probes; logs and counts have them under this name. */
export const probeRouteName = 'probe';

/** The listener for a port of hosts outside the mesh. */
export function egressListenerName(atPort: number): string {
  return `egress/${atPort}`;
}
/** Its route table. */
export function egressRoutes(atPort: number): string {
  return `egress/${atPort}`;
}

/** ORIGINAL_DST: wherever the application meant to go. */
export const passthroughCluster = 'passthrough';
/** Wherever a name of the allow list is, as the sidecar resolves it. */
export const egressCluster = 'egress';
/** Of a host to which the sidecar itself speaks TLS. No Service has a name with a dot. */
export function originatedCluster({
  host,
  port: atPort,
}: {
  readonly host: string;
  readonly port: number;
}): string {
  return `${egressCluster}/${host}/${atPort}`;
}
/** Whether it leads to a host outside the mesh. */
export function isEgressCluster(name: string): boolean {
  const [first, host = '.'] = name.split('/');
  return first === egressCluster && host.includes('.');
}
/** Whom sidecars believe of hosts outside the mesh, unless something else is said of one. */
export const publicRootsSecret = 'egress/public-roots';

/** No endpoints: connections sent there are closed at once. */
export const blackholeCluster = 'blackhole';
/** There is no such cluster: the share of a backend that does not resolve. */
export const unresolvedCluster = 'unresolved';
/** The trust bundle, by SDS over ADS: whom clients believe. */
export const trustSecret = 'trust';
/** The trust bundle and the list of revoked certificates: whom servers believe. */
export const callersSecret = 'callers';
/** The public CAs, for the token endpoints of logins. */
export const loginRootsSecret = 'login/public-roots';
/** The workload's own certificate, by SDS from a file. */
export const leafSecret = 'leaf';

/** Written by the sidecar over whatever the application sent, and removed before the request leaves it. */
export const destinationHeader = 'x-meshwright-destination';
/** How many bytes the path of a request has, with its query; read by routes, and never sent. */
export const pathBytesHeader = 'x-meshwright-path-bytes';
/** How many bytes its headers have on the wire. */
export const headerBytesHeader = 'x-meshwright-header-bytes';
/** On a reply of the server's sidecar: the request never reached the application, so any method may be tried again. */
export const notReachedHeader = 'x-meshwright-not-reached';
/** On a reply of the server's sidecar: the application broke off; it may have acted on the request. Holds Envoy's details. */
export const resetHeader = 'x-meshwright-reset';
/** On a reply of the server's sidecar: the application broke off a request of a safe method, which may be tried again. */
export const repeatableHeader = 'x-meshwright-repeatable';
/** What the first and the last of them say. */
export const markerValue = '1';
/** In place of what an external authorizer wrote there. */
export const notOurs = 'not-ours';
/** What sidecars say to each other on replies; nobody else may say or hear it. */
export const replyMarkers = [notReachedHeader, resetHeader, repeatableHeader] as const;
/** On a refusal: why. */
export const refusedHeader = 'x-meshwright-refused';
/** On a response, if a policy asks for it: the rule that decided. */
export const decisionHeader = 'x-meshwright-authorization';

/** Mutual TLS between sidecars offers this ALPN and no other, which tells it from an application's own TLS. */
export const meshAlpn = 'meshwright';

export const port = {
  admin: 15000,
  outbound: 15001,
  inbound: 15006,
  readiness: 15021,
  metrics: 15090,
} as const;
/** Nobody's destination: a connection that comes to the sidecar for one of these would go round through it. */
export const sidecarPorts: readonly number[] = Object.values(port);

/** `shop/reviews/9080`, or `shop/reviews/9080/v1` for a subset. */
export function clusterName(serviceKey: string, subset: string | null): string {
  return subset === null ? serviceKey : `${serviceKey}/${subset}`;
}

/** What the listeners of a TCP port are told of its routes, by ECDS. */
export function connectionRoutesName(serviceKey: string): string {
  return `outbound/${serviceKey}/routes`;
}

/** `reviews.shop:9080` for the key `shop/reviews/9080`: what the destination header names when the address does not tell. */
export function serviceHost(serviceKey: string): string {
  const [namespace = '', service = '', servicePort = ''] = serviceKey.split('/');
  return `${service}.${namespace}:${servicePort}`;
}

/**
 * The VHDS resource and the virtual host in it must have the same name, else a removal is acknowledged and the
 * virtual host stays; what stands before the last slash is the route table it belongs to.
 */
export function virtualHostName(service: Pick<ServicePortIr, 'key'>): string {
  return `${routeConfigurationName}/${serviceHost(service.key)}`;
}

/** `10.96.0.1:80`, `[fd00::1]:80`: as Envoy prints an address, and as it stands in an authority. */
export function authority(address: string, addressPort: number): string {
  return address.includes(':') ? `[${address}]:${addressPort}` : `${address}:${addressPort}`;
}
