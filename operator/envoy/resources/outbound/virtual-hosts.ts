// The virtual host of an HTTP service port: its routes, by VHDS. All that policies say about requests ends up here,
// so that a change of one costs each proxy one small resource.
import type { RouteIr, RouteListIr } from '../../../ir/route.ts';
import type { ServicePortIr } from '../../../ir/service.ts';
import { typeUrl } from '../../proto/type-urls.ts';
import { authority, serviceHost, virtualHostName } from '../names.ts';
import { filterClusters, routeConfig } from '../http-filters.ts';
import { resource } from '../resource.ts';
import type { EnvoyMessage } from '../../proto/envoy-message.ts';
import type { XdsResource } from '../xds-resource.ts';
import { preflightMatch } from './cors.ts';
import { headerChanges } from './headers.ts';
import { outboundFilters } from './http-filters.ts';
import { refusalsOfLargeHeads } from './large-heads.ts';
import { isServed, routeAction, targets } from './route-action.ts';
import { anyRequest, routeMatch } from './route-match.ts';
import { noTimeouts, type TimedRoute, timedRoutes } from './timeouts.ts';

/** routes: those of the service that its callers have. */
export function buildVirtualHost(service: ServicePortIr, routes: RouteListIr): XdsResource {
  const name = virtualHostName(service);
  const domains = [
    serviceHost(service.key),
    ...service.addresses.map((address) => authority(address, service.port)),
  ];
  return resource(typeUrl.virtualHost, {
    name,
    message: {
      name,
      domains,
      routes: [
        ...refusalsOfLargeHeads(routes),
        ...routes.flatMap((route) => envoyRoutes(route, service.key)),
      ],
    },
    // Routes name their policy: that of the service may be another one.
    origins: [
      ...service.origins.filter(({ kind }) => kind === 'Service'),
      ...routes.flatMap((route) => route.origins),
    ],
    clusters: routes.flatMap((route) => [
      ...targets(route.action),
      ...filterClusters(outboundFilters, route),
    ]),
    exclusiveKeys: domains,
  });
}

/** At least one Envoy route for each alternative match, all of the same name. */
function envoyRoutes(route: RouteIr, service: string): readonly EnvoyMessage[] {
  const name = route.name;
  const changes = { ...headerChanges(route), ...routeConfig(outboundFilters, route) };
  const matches = (route.matches === 'any' ? [anyRequest] : route.matches).flatMap((match) => {
    const preflight = route.cors && preflightMatch(match);
    return preflight === null ? [match] : [match, preflight];
  });
  return kindsOfRequests(route).flatMap(({ headers, timeouts }) =>
    matches.map((match) => {
      return {
        name,
        match: routeMatch(match, headers),
        ...routeAction(route, { matched: match.path, timeouts, service }),
        ...changes,
      };
    }),
  );
}

/** In the order of precedence. What the sidecar answers itself takes no time. */
function kindsOfRequests(route: RouteIr): readonly TimedRoute[] {
  return timedRoutes(route.action.type === 'Forward' && isServed(route.action) ? route : noTimeouts);
}
