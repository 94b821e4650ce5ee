// The virtual host of an HTTP service port: its routes, by VHDS. All that policies say about requests ends up here,
// so that a change of one costs each proxy one small resource.
import type { RouteActionIr, RouteIr, ServicePortIr } from '../../../ir/service.ts';
import { duration } from '../../proto/well-known.ts';
import { typeUrl } from '../../proto/type-urls.ts';
import { authority, clusterName, serviceHost, virtualHostName } from '../names.ts';
import { resource } from '../resource.ts';
import type { EnvoyMessage } from '../../proto/envoy-message.ts';
import type { XdsResource } from '../xds-resource.ts';
import { routeFault } from './fault.ts';
import { retryPolicy } from './retry.ts';
import { routeMatches } from './route-match.ts';

export function buildVirtualHost(service: ServicePortIr): XdsResource {
  const name = virtualHostName(service);
  const domains = [
    serviceHost(service.key),
    ...service.addresses.map((address) => authority(address, service.port)),
  ];
  return resource(typeUrl.virtualHost, {
    name,
    message: { name, domains, routes: service.routes.flatMap((route) => envoyRoutes(service.key, route)) },
    origins: [...service.origins, ...service.routes.flatMap((route) => route.origins)],
    clusters: service.routes.flatMap((route) => targets(service.key, route.action)),
    exclusiveKeys: domains,
  });
}

/** One Envoy route for each alternative match, all of the same name. */
function envoyRoutes(serviceKey: string, route: RouteIr): readonly EnvoyMessage[] {
  const name = route.name;
  const what = {
    ...action(serviceKey, route),
    ...(route.fault && { typed_per_filter_config: routeFault(route.fault) }),
  };
  return routeMatches(route.matches).map((match) => Object.assign({ name, match }, what));
}

function action(serviceKey: string, { action: chosen, timeoutMs, retry }: RouteIr): EnvoyMessage {
  if (chosen.type === 'Fail') {
    return { direct_response: { status: chosen.status, body: { inline_string: chosen.body } } };
  }
  const policy = retryPolicy(retry);
  return {
    route: {
      ...destination(serviceKey, chosen),
      timeout: duration(timeoutMs),
      ...(policy && { retry_policy: policy }),
    },
  };
}

function destination(serviceKey: string, forward: RouteActionIr & { type: 'Forward' }): EnvoyMessage {
  const [first, ...others] = forward.backends;
  if (first && others.length === 0) return { cluster: clusterName(serviceKey, first.subset) };
  return {
    weighted_clusters: {
      clusters: forward.backends.map(({ subset, weight }) => ({
        name: clusterName(serviceKey, subset),
        weight,
      })),
    },
  };
}

function targets(serviceKey: string, routeAction: RouteActionIr): readonly string[] {
  if (routeAction.type === 'Fail') return [];
  return routeAction.backends.map(({ subset }) => clusterName(serviceKey, subset));
}
