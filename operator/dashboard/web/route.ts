// Pages by the fragment of the address, so that each can be linked to. Pure.

export const windows = [60, 600, 3600] as const;
/** Seconds. */
export type WindowSeconds = (typeof windows)[number];

export type Route =
  | { readonly page: 'graph' }
  | { readonly page: 'node'; readonly id: string }
  | { readonly page: 'policies' }
  | { readonly page: 'policy'; readonly kind: string; readonly namespace: string; readonly name: string }
  | { readonly page: 'audit' }
  | { readonly page: 'proxies' }
  | { readonly page: 'certificates' }
  | { readonly page: 'changes' }
  | { readonly page: 'unknown' };

export interface Place {
  readonly route: Route;
  readonly window: WindowSeconds;
  /** '': all. */
  readonly namespace: string;
}

const plain = ['policies', 'audit', 'proxies', 'certificates', 'changes'] as const;

export function parsePlace(hash: string): Place {
  const [path = '', query = ''] = hash.replace(/^#/, '').split('?', 2);
  const parameters = new URLSearchParams(query);
  const seconds = Number(parameters.get('window'));
  return {
    route: routeOf(path),
    window: windows.find((it) => it === seconds) ?? 60,
    namespace: parameters.get('namespace') ?? '',
  };
}

function routeOf(path: string): Route {
  const [, page = '', ...rest] = path.split('/').map(decoded);
  return (rest.length === 0 ? listPage(page) : thingPage(page, rest)) ?? { page: 'unknown' };
}

function listPage(name: string): Route | undefined {
  if (name === '') return { page: 'graph' };
  const page = plain.find((it) => it === name);
  return page && { page };
}

function thingPage(
  page: string,
  [first = '', namespace = '', name = '', ...more]: readonly string[],
): Route | undefined {
  if (page === 'node' && namespace === '') return { page, id: first };
  if (page === 'policy' && name !== '' && more.length === 0) return { page, kind: first, namespace, name };
  return undefined;
}

/** What is not encoded as it should be leads nowhere. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** The window and the namespace go along. */
export function linkTo(route: Route, { window, namespace }: Pick<Place, 'window' | 'namespace'>): string {
  const parameters = new URLSearchParams();
  if (window !== 60) parameters.set('window', String(window));
  if (namespace !== '') parameters.set('namespace', namespace);
  const query = parameters.size === 0 ? '' : `?${parameters.toString()}`;
  return `#${pathOf(route)}${query}`;
}

function pathOf(route: Route): string {
  switch (route.page) {
    case 'graph':
    case 'unknown':
      return '/';
    case 'node':
      return `/node/${encodeURIComponent(route.id)}`;
    case 'policy':
      return `/policy/${[route.kind, route.namespace, route.name].map(encodeURIComponent).join('/')}`;
    default:
      return `/${route.page}`;
  }
}
