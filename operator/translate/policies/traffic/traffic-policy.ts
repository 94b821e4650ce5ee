// The front end of TrafficPolicy: what one says, as neutral claims.
import type { TrafficPolicy } from '../../../../api/v1alpha1/traffic/policy.ts';
import type {
  AnswerIr,
  PathRewriteIr,
  RewriteIr,
  HeaderIr,
  HeaderModifierIr,
  RouteMatchIr,
} from '../../../ir/route.ts';
import { byText, compareText } from '../../../values/compare-text.ts';
import { translatePath } from '../path-match.ts';
import { callersClaim } from './audiences.ts';
import type {
  BackendClaim,
  CallersClaim,
  RouteClaim,
  RoutingClaim,
  SubsetClaim,
  TrafficClaims,
} from './claims.ts';
import { connectionRoutesOf } from './connection-routes.ts';
import { corsOf } from './cors.ts';
import { faultOf } from './fault.ts';
import { limitClaims } from './limits.ts';
import { matchesEverything } from './match.ts';
import { valueMatch } from './value-match.ts';
import { portSettingsOf, routeSettingsOf } from './settings.ts';

type Route = TrafficPolicy['spec']['routes'][number];

const claims = new WeakMap<TrafficPolicy, TrafficClaims>();

/** The same value for the same object. */
export function claimsOf(policy: TrafficPolicy): TrafficClaims {
  const known = claims.get(policy);
  if (known !== undefined) return known;
  const made = {
    routing: routingOf(policy),
    settings: portSettingsOf(policy.spec),
    limits: limitClaims(policy),
  };
  claims.set(policy, made);
  return made;
}

function routingOf(policy: TrafficPolicy): RoutingClaim | null {
  const { routes, subsets } = policy.spec;
  const connectionRoutes = connectionRoutesOf(policy.spec);
  if (routes.length === 0 && connectionRoutes.length === 0 && subsets.length === 0) return null;
  const { namespace = '', name } = policy.metadata;
  return {
    author: { kind: policy.kind, namespace },
    title: `TrafficPolicy ${namespace}/${name}`,
    routes: routes.map((route, index) => routeOf(route, `${name}-${index}`, namespace)),
    connectionRoutes,
    subsets: subsetsOf(policy),
  };
}

/** Of two of the same name the first counts. */
function subsetsOf({ spec }: TrafficPolicy): readonly SubsetClaim[] {
  const subsets = new Map<string, SubsetClaim>();
  for (const { name, matchLabels } of spec.subsets) {
    if (!subsets.has(name)) subsets.set(name, { name, matchLabels });
  }
  return [...subsets.values()];
}

/** namespace: of the policy. */
function routeOf(route: Route, defaultName: string, namespace: string): RouteClaim {
  return {
    name: route.name ?? defaultName,
    matches: matchesOf(route),
    answer: answerOf(route),
    rewrite: rewriteOf(route.rewrite),
    mirrors: route.mirror.map((mirror) => ({
      ...endpointsOf(mirror, namespace),
      percentage: mirror.percentage,
    })),
    backends: route.backends.map((backend) => ({
      ...endpointsOf(backend, namespace),
      weight: backend.weight,
    })),
    settings: routeSettingsOf(route),
    requestHeaders: headersOf(route.requestHeaders),
    responseHeaders: headersOf(route.responseHeaders),
    fault: faultOf(route.fault),
    cors: corsOf(route.cors),
    upgrades: route.upgrades?.map((token) => token.toLowerCase()).toSorted(compareText) ?? null,
  };
}

function endpointsOf(
  { service, subset }: Pick<Route['backends'][number], 'service' | 'subset'>,
  ownNamespace: string,
): Pick<BackendClaim, 'service' | 'subset'> {
  if (service === undefined) return { service: null, subset: subset ?? null };
  const { namespace = ownNamespace, name, port } = service;
  return { service: { namespace, name, port }, subset: subset ?? null };
}

function answerOf({ redirect, respond }: Route): AnswerIr | null {
  if (respond !== undefined) return { type: 'Respond', ...respond };
  if (redirect === undefined) return null;
  const { scheme = null, hostname = null, port = null, path, status } = redirect;
  return { type: 'Redirect', scheme, hostname, port, path: pathRewriteOf(path), status };
}

function rewriteOf(rewrite: Route['rewrite']): RewriteIr | null {
  return rewrite === undefined
    ? null
    : { hostname: rewrite.hostname ?? null, path: pathRewriteOf(rewrite.path) };
}

function pathRewriteOf(path: NonNullable<Route['rewrite']>['path']): PathRewriteIr | null {
  if (path === undefined) return null;
  const { type, value, substitution = '' } = path;
  if (type === 'RegularExpression') return { type, value, substitution };
  return { type: type === 'ReplaceFullPath' ? 'FullPath' : 'PrefixMatch', value };
}

function matchesOf(route: Route): RouteClaim['matches'] {
  if (route.matches.length === 0) return 'any';
  const matches = route.matches.map((match) => ({ match: matchOf(match), from: callersOf(match) }));
  return matches.some(({ match, from }) => from === null && matchesEverything(match)) ? 'any' : matches;
}

function callersOf({ from }: Route['matches'][number]): CallersClaim | null {
  if (from === undefined) return null;
  const namespaces = from.namespaces.toSorted(compareText);
  const serviceAccounts = from.serviceAccounts.toSorted(compareText);
  return callersClaim(namespaces, serviceAccounts);
}

function matchOf({
  path,
  method,
  headers,
  queryParameters,
  hostnames,
  grpc,
}: Route['matches'][number]): RouteMatchIr {
  return {
    path: grpc === undefined ? (path === undefined ? null : translatePath(path)) : grpcPath(grpc),
    method: method ?? null,
    headers: headers.map(valueMatch),
    queryParameters: queryParameters.map(valueMatch),
    hostnames,
    grpc: grpc !== undefined,
  };
}

/** @see https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#requests */
function grpcPath({ service, method }: NonNullable<Route['matches'][number]['grpc']>): RouteMatchIr['path'] {
  return method === undefined
    ? { type: 'PathPrefix', value: `/${service}` }
    : { type: 'Exact', value: `/${service}/${method}` };
}

function headersOf(modifier: Route['requestHeaders']): HeaderModifierIr | null {
  if (modifier === undefined) return null;
  const { set, add, remove } = modifier;
  return {
    set: headerList(set),
    add: headerList(add),
    remove: remove.map((name) => name.toLowerCase()).toSorted(compareText),
  };
}

function headerList(headers: readonly HeaderIr[]): readonly HeaderIr[] {
  return headers
    .map(({ name, value }) => ({ name: name.toLowerCase(), value }))
    .toSorted(byText(({ name }) => name));
}
