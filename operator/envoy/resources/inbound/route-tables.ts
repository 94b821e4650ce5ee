// What may pass through an HTTP port, as route tables: one for callers with a certificate of the mesh, one for the others. They come on
// their own, and with them the mode of mutual TLS and who may call: a change holds from the next request on, for connections that
// exist as well; a change of the listener would leave those with the rules of before.
import type { AuthorizationIr, InboundPortIr } from '../../../ir/inbound.ts';
import { duration } from '../../proto/well-known.ts';
import { setHeader } from '../header.ts';
import { hostConfig, routeConfig, withoutHostConfig } from '../http-filters.ts';
import { inboundRouteTableName, refusedHeader, replyMarkers } from '../names.ts';
import type { EnvoyMessage } from '../../proto/envoy-message.ts';
import { authorizerCluster } from './authorizers/reach.ts';
import { loginCluster } from './login/reach.ts';
import { inboundFilters } from './http-filters.ts';
import { openProbeRoute, probeRoute } from './probe-routes.ts';
import { looksAtPaths, pathHeaders, spellings } from './request-path.ts';

/** Of a port that plaintext clients may not reach. */
export interface RefusedRoutes extends Pick<
  InboundPortIr,
  'authentication' | 'authorization' | 'authorizers' | 'mtls' | 'probes'
> {
  /** `9080`: of the table's name. */
  readonly label: string;
  /** To the application. */
  readonly cluster: string;
}

export interface InboundRoutes
  extends RefusedRoutes, Pick<InboundPortIr, 'authorizerHeaders' | 'audit' | 'namesRule' | 'limits'> {}

export interface RouteTable {
  readonly name: string;
  readonly message: EnvoyMessage;
  /** Clusters it sends traffic to. */
  readonly clusters: readonly string[];
}

/**
 * Pods of one Deployment share an authorization, and get the same objects: rules can be megabytes. A few ports for each authorization are
 * remembered, since anybody may write probes.
 */
export function inboundRouteTables(port: InboundRoutes): readonly RouteTable[] {
  const { authorization, audit, authentication, authorizers, label, cluster, mtls, probes, namesRule } = port;
  const { authorizerHeaders } = port;
  const key = JSON.stringify([
    label,
    cluster,
    mtls,
    probes,
    namesRule,
    port.limits !== null,
    authorizerHeaders,
  ]);
  const known = tablesOf.get(authorization) ?? [];
  const found = known.find(
    (each) =>
      each.key === key &&
      each.audit === audit &&
      each.authentication === authentication &&
      each.authorizers === authorizers,
  );
  if (found !== undefined) return found.tables;
  const tables = buildTables(port);
  const built: KnownTables = { key, audit, authentication, authorizers, tables };
  tablesOf.set(authorization, [built, ...known.slice(0, maxTables - 1)]);
  return tables;
}

interface KnownTables extends Pick<InboundRoutes, 'audit' | 'authentication' | 'authorizers'> {
  readonly key: string;
  readonly tables: readonly RouteTable[];
}

const maxTables = 8;
const tablesOf = new WeakMap<AuthorizationIr, readonly KnownTables[]>();

function buildTables(port: InboundRoutes): readonly RouteTable[] {
  const rules = hostConfig(inboundFilters(port.label), port);
  const table = (chain: 'mesh' | 'plaintext', routes: readonly EnvoyMessage[] | null): RouteTable => {
    const name = inboundRouteTableName(port.label, chain);
    const message = routes === null ? routeTable(name, refusalRoutes(port)) : routeTable(name, routes, rules);
    const login = port.authentication?.login ?? null;
    const tokens = login === null ? [] : [loginCluster(login.tokenEndpoint)];
    const clusters = [port.cluster, ...port.authorizers.map(authorizerCluster), ...tokens];
    return { name, message, clusters };
  };
  const routes = applicationRoutes(port);
  return [
    table('mesh', routes),
    // The kubelet comes this way, and shows no certificate.
    table('plaintext', port.mtls === 'Strict' ? null : [...probeRoutes(port), ...routes]),
  ];
}

/** To the application, if the rules of the virtual host let it pass. */
function applicationRoutes(port: InboundRoutes): readonly EnvoyMessage[] {
  const { audit, limits, cluster, label } = port;
  const forward = { name: 'application', ...forwardTo(cluster) };
  const isLimited = limits !== null;
  // Limits may look at paths with the next change of theirs, which does not wait for a change of routes.
  const asksForPath =
    looksAtPaths(port) || (audit !== null && looksAtPaths({ ...port, authorization: audit }));
  if (!asksForPath && !isLimited) return [{ ...forward, match: { prefix: '/' } }];
  return (['canonical', 'other'] as const).map((spelling) => ({
    ...forward,
    match: spellings[spelling],
    ...routeConfig(inboundFilters(label), { spelling, isLimited }),
  }));
}

/** Only sidecars may say these: an application could have its callers send everything again, or tell of refusals of ours. */
const ownWords: EnvoyMessage = { response_headers_to_remove: [...replyMarkers, refusedHeader] };

function forwardTo(cluster: string): EnvoyMessage {
  return { route: { cluster, timeout: duration(0) }, ...ownWords };
}

/** Past all rules and limits, where there are any: the kubelet has no identity that one could name. */
function probeRoutes(port: InboundRoutes): readonly EnvoyMessage[] {
  const withoutRules = withoutHostConfig(inboundFilters(port.label), port);
  // While it is to become Strict, what the kubelet asks must be told from callers.
  const isOpen = Object.keys(withoutRules).length === 0 && port.limits === null && port.mtls !== 'Staged';
  if (isOpen) return port.probes.map((probe) => openProbeRoute(probe, forwardTo(port.cluster)));
  return port.probes.map((probe) => probeRoute(probe, port.cluster, ownWords, withoutRules));
}

const mtlsRequired =
  'This port takes mutual TLS only (mTLS mode Strict), and this request came in plaintext. ' +
  'Call it from a workload of the mesh, or set mode Permissive for the port (mtls.ports) in a SecurityPolicy.\n';

const identityRequired =
  'A SecurityPolicy admits certain callers to this port, and this request came without an identity. ' +
  'Call it from a workload of the mesh that the policy names.\n';

/** For plaintext clients that may not come in: tells them why, and lets nothing through but probes. */
export function refusalRoutes(port: RefusedRoutes): readonly EnvoyMessage[] {
  const [name, text] =
    port.mtls === 'Strict' ? ['mtls-required', mtlsRequired] : ['identity-required', identityRequired];
  return [
    ...port.probes.map((probe) => probeRoute(probe, port.cluster, ownWords)),
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
