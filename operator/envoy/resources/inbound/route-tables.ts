// What may pass through an HTTP port, as route tables: one for callers with a certificate of the mesh, one for the others. They come on
// their own, and with them the mode of mutual TLS and who may call: a change holds from the next request on, for connections that
// exist as well; a change of the listener would leave those with the rules of before.
import type { InboundPortIr, ProbeIr } from '../../../ir/inbound.ts';
import { duration } from '../../proto/well-known.ts';
import { setHeader } from '../header.ts';
import { hostConfig, routeConfig, withoutHostConfig } from '../http-filters.ts';
import { inboundRouteTableName, refusedHeader, replyMarkers } from '../names.ts';
import type { EnvoyMessage } from '../../proto/envoy-message.ts';
import { filtersOfRoute, wholeRequests } from '../placeholders.ts';
import { inboundFilters } from './http-filters.ts';
import { looksAtPaths, pathHeaders, spellings } from './request-path.ts';

/** Of a port that plaintext clients may not reach. */
export interface RefusedRoutes extends Pick<InboundPortIr, 'authorization' | 'mtls' | 'probes'> {
  /** `9080`: of the table's name. */
  readonly label: string;
  /** To the application. */
  readonly cluster: string;
}

export interface InboundRoutes extends RefusedRoutes, Pick<InboundPortIr, 'limits'> {}

export interface RouteTable {
  readonly name: string;
  readonly message: EnvoyMessage;
  /** Clusters it sends traffic to. */
  readonly clusters: readonly string[];
}

export function inboundRouteTables(port: InboundRoutes): readonly RouteTable[] {
  const table = (chain: 'mesh' | 'plaintext', isOpen: boolean): RouteTable => {
    const name = inboundRouteTableName(port.label, chain);
    const message = isOpen
      ? routeTable(
          name,
          [...probeRoutes(port), ...applicationRoutes(port)],
          hostConfig(inboundFilters(port.label), port),
        )
      : routeTable(name, refusalRoutes(port));
    return { name, message, clusters: [port.cluster] };
  };
  return [table('mesh', true), table('plaintext', port.mtls !== 'Strict')];
}

/** To the application, if the rules of the virtual host let it pass. */
function applicationRoutes({
  authorization,
  limits,
  cluster,
  label,
}: InboundRoutes): readonly EnvoyMessage[] {
  const forward = { name: 'application', route: { cluster, timeout: duration(0) }, ...ownWords };
  const isLimited = limits !== null;
  // Limits may look at paths with the next change of theirs, which does not wait for a change of routes.
  if (!looksAtPaths(authorization) && !isLimited) return [{ ...forward, match: { prefix: '/' } }];
  return (['canonical', 'other'] as const).map((spelling) => ({
    ...forward,
    match: spellings[spelling],
    ...routeConfig(inboundFilters(label), { spelling, isLimited }),
  }));
}

/** Only sidecars may say these: an application could have its callers send everything again, or tell of refusals of ours. */
const ownWords: EnvoyMessage = { response_headers_to_remove: [...replyMarkers, refusedHeader] };

/** Past all rules and limits, where there are any: the kubelet has no identity that one could name. In Strict it does not come this way. */
function probeRoutes(port: InboundRoutes): readonly EnvoyMessage[] {
  const withoutRules = withoutHostConfig(inboundFilters(port.label), port);
  const isOpen = Object.keys(withoutRules).length === 0 && port.limits === null;
  if (isOpen || port.mtls === 'Strict') return [];
  return port.probes.map((probe) => probeRoute(probe, port.cluster, withoutRules));
}

/**
 * What anybody may send who reaches the pod: no more than the kubelet does, and for no longer than it waits. An upgrade or a body
 * would be a way to the application that no rule sees.
 */
function probeRoute(
  { method, path, timeoutMs }: ProbeIr,
  cluster: string,
  withoutRules: EnvoyMessage = {},
): EnvoyMessage {
  return {
    name: 'probe',
    match: {
      path: withoutQuery(path),
      headers: [
        exactly(':method', method),
        // With the query, which `path` leaves out.
        exactly(':path', path),
        { name: 'upgrade', present_match: false },
      ],
    },
    // The timeout of a route begins at the end of the request, which another client may never reach.
    route: {
      cluster,
      timeout: duration(timeoutMs),
      max_stream_duration: { max_stream_duration: duration(timeoutMs) },
    },
    ...ownWords,
    typed_per_filter_config: {
      ...filtersOfRoute('before_rbac', [wholeRequests(maxBodyBytes[method])]),
      ...withoutRules,
    },
  };
}

/** One byte is the least that Envoy takes. A gRPC health check names a service in at most a few hundred. */
const maxBodyBytes = { GET: 1, POST: 1024 } as const;

function exactly(name: string, exact: string): EnvoyMessage {
  return { name, string_match: { exact } };
}

function withoutQuery(path: string): string {
  return path.split('?', 1)[0] ?? path;
}

const mtlsRequired =
  'This port takes mutual TLS only (mTLS mode Strict), and this request came in plaintext. ' +
  'Call it from a workload of the mesh, or set mtls.mode Permissive for the port in a SecurityPolicy.\n';

const identityRequired =
  'A SecurityPolicy admits certain callers to this port, and this request came without an identity. ' +
  'Call it from a workload of the mesh that the policy names.\n';

/** For plaintext clients that may not come in: tells them why, and lets nothing through but probes. */
export function refusalRoutes(port: RefusedRoutes): readonly EnvoyMessage[] {
  const [name, text] =
    port.mtls === 'Strict' ? ['mtls-required', mtlsRequired] : ['identity-required', identityRequired];
  return [
    ...port.probes.map((probe) => probeRoute(probe, port.cluster)),
    {
      name,
      match: { prefix: '/' },
      direct_response: { status: 403, body: { inline_string: text } },
      response_headers_to_add: [setHeader(refusedHeader, name)],
    },
  ];
}

/** @param rules what the virtual host says to filters */
export function routeTable(
  name: string,
  routes: readonly EnvoyMessage[],
  rules: EnvoyMessage = {},
): EnvoyMessage {
  return {
    name,
    virtual_hosts: [{ name: 'inbound', domains: ['*'], routes, ...rules }],
    request_headers_to_remove: pathHeaders,
  };
}
