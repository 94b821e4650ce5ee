// The virtual host of an HTTP service port: its routes, by VHDS. All that policies say about requests ends up here,
// so that a change of one costs each proxy one small resource.
import type { BackendIr, RouteActionIr, RouteIr, RouteListIr, ServicePortIr } from '../../../ir/service.ts';
import { typeUrl } from '../../proto/type-urls.ts';
import { authority, clusterName, serviceHost, virtualHostName } from '../names.ts';
import { filterClusters, routeConfig } from '../http-filters.ts';
import { resource } from '../resource.ts';
import type { EnvoyMessage } from '../../proto/envoy-message.ts';
import type { XdsResource } from '../xds-resource.ts';
import { headerChanges } from './headers.ts';
import { outboundFilters } from './http-filters.ts';
import { hashPolicy } from './load-balancer.ts';
import { maxRepeatedBodyBytes, retryPolicy } from './retry.ts';
import { routeMatches } from './route-match.ts';
import { timedRoutes } from './timeouts.ts';

/** routes: those of the service that its callers have. */
export function buildVirtualHost(service: ServicePortIr, routes: RouteListIr): XdsResource {
  const name = virtualHostName(service);
  const domains = [
    serviceHost(service.key),
    ...service.addresses.map((address) => authority(address, service.port)),
  ];
  return resource(typeUrl.virtualHost, {
    name,
    message: { name, domains, routes: routes.flatMap(envoyRoutes) },
    origins: [...service.origins, ...routes.flatMap((route) => route.origins)],
    clusters: routes.flatMap((route) => [
      ...targets(route.action),
      ...filterClusters(outboundFilters, route),
    ]),
    exclusiveKeys: domains,
  });
}

/** At least one Envoy route for each alternative match, all of the same name. */
function envoyRoutes(route: RouteIr): readonly EnvoyMessage[] {
  const name = route.name;
  const changes = { ...headerChanges(route), ...routeConfig(outboundFilters, route) };
  return actions(route).flatMap(({ headers, action }) =>
    routeMatches(route.matches, headers).map((match) => ({ name, match, ...action, ...changes })),
  );
}

interface Action {
  /** Which requests of the route, beside its matches. */
  readonly headers: readonly EnvoyMessage[];
  readonly action: EnvoyMessage;
}

/** In the order of precedence. */
function actions({ action: { backends }, timeoutMs, retry, hashOn }: RouteIr): readonly Action[] {
  const valid = backends.filter(isValid);
  if (valid.length === 0) return [{ headers: [], action: refusal(backends) }];
  const policy = retryPolicy(retry);
  return timedRoutes(timeoutMs).map(({ headers, timeouts }) => ({
    headers,
    action: {
      route: {
        ...destination(valid),
        ...timeouts,
        ...(policy && { retry_policy: policy }),
        ...hashPolicy(hashOn),
      },
      ...(policy && { request_body_buffer_limit: maxRepeatedBodyBytes }),
    },
  }));
}

type ValidBackend = Exclude<BackendIr, { readonly invalid: string }>;

function isValid(backend: BackendIr): backend is ValidBackend {
  return !('invalid' in backend);
}

/** There is nowhere to forward to: an answer that says why. */
function refusal(backends: readonly BackendIr[]): EnvoyMessage {
  const reasons = backends.flatMap((backend) => (isValid(backend) ? [] : [backend.invalid]));
  return { direct_response: { status: 503, body: { inline_string: [...new Set(reasons)].join(' ') } } };
}

function destination(backends: readonly ValidBackend[]): EnvoyMessage {
  const [first, ...others] = backends;
  if (first && others.length === 0) return { cluster: clusterOf(first) };
  const clusters = backends.map((backend) => ({ name: clusterOf(backend), weight: backend.weight }));
  return { weighted_clusters: { clusters } };
}

function targets({ backends }: RouteActionIr): readonly string[] {
  return backends.filter(isValid).map(clusterOf);
}

function clusterOf({ service, subset }: ValidBackend): string {
  return clusterName(service, subset);
}
