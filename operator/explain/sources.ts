// Which object says something about a route, and where in it.
import type { Origin } from '../ir/origin.ts';
import type { RouteIr } from '../ir/route.ts';
import type { ServicePortIr } from '../ir/service.ts';

/** The spec of the object; undefined: it is not known. */
export type SpecOf = (origin: Origin) => unknown;

export interface Source {
  /** `TrafficPolicy shop/reviews` */
  readonly object: string;
  /** `spec.routes[0].timeout.request` */
  readonly field: string;
}

/**
 * By what users write: `routes` is the route itself. What is absent is a default.
 * @param route null: of a destination that has no routes
 */
export function sourcesOf(
  route: Pick<RouteIr, 'name' | 'setBy'> | null,
  specOf: SpecOf,
): Readonly<Record<string, Source>> {
  if (route === null) return {};
  const author = route.setBy['routes'];
  const entry = author === undefined ? null : entryOf(route.name, author, specOf(author));
  const sources = Object.entries(route.setBy).flatMap(([setting, origin]): [string, Source][] => {
    const object = nameOf(origin);
    if (setting === 'routes') return entry === null ? [] : [[setting, { object, field: entry.path }]];
    const isOwn = origin === author && entry !== null && valueAt(entry.content, setting) !== undefined;
    return [[setting, { object, field: `${isOwn ? entry.path : 'spec'}.${setting}` }]];
  });
  return Object.fromEntries(sources);
}

/** Of settings that no route can have. */
export function settingSources(setBy: RouteIr['setBy']): Readonly<Record<string, Source>> {
  return Object.fromEntries(
    Object.entries(setBy).map(([setting, origin]) => [
      setting,
      { object: nameOf(origin), field: `spec.${setting}` },
    ]),
  );
}

/** Of a connection to a TCP port, by the server name that it asks for. Empty: no route is for it. */
export function connectionSources(
  service: Pick<ServicePortIr, 'connectionRoutes'> | null,
  serverName: string | null,
): Readonly<Record<string, Source>> {
  const route = service?.connectionRoutes.find(
    ({ sni }) => sni.length === 0 || sni.some((name) => isNamed(serverName ?? '', name)),
  );
  return route === undefined ? {} : { routes: { object: nameOf(route.author), field: `spec.${route.name}` } };
}

function isNamed(serverName: string, name: string): boolean {
  return name.startsWith('*') ? serverName.endsWith(name.slice(1)) : serverName === name;
}

/** `TrafficPolicy shop/reviews` */
export function nameOf({ kind, namespace, name }: Omit<Origin, 'generation'>): string {
  return `${kind} ${namespace === '' ? '' : `${namespace}/`}${name}`;
}

interface Entry {
  readonly path: string;
  readonly content: unknown;
}

/** Null: it is the route for what no other one matches. */
function entryOf(name: string, { name: policy }: Origin, spec: unknown): Entry | null {
  const routes = valueAt(spec, 'routes');
  if (!Array.isArray(routes)) return null;
  const index = routes.findIndex((route: unknown, at) => {
    const given = valueAt(route, 'name');
    const own = typeof given === 'string' ? given : `${policy}-${at}`;
    // A name that is used twice: see operator/translate/policies/traffic/resolve.ts.
    return name === own || name === `${own}#${at}`;
  });
  return index < 0 ? null : { path: `spec.routes[${index}]`, content: routes[index] };
}

function valueAt(value: unknown, path: string): unknown {
  let found = value;
  for (const key of path.split('.')) {
    if (!isRecord(found)) return undefined;
    found = found[key];
  }
  return found;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
