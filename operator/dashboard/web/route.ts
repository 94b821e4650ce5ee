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
}

const plain = ['policies', 'audit', 'proxies', 'certificates', 'changes'] as const;

export function parsePlace(hash: string): Place {
  const [path = '', query = ''] = hash.replace(/^#/, '').split('?', 2);
  const seconds = Number(new URLSearchParams(query).get('window'));
  return { route: routeOf(path), window: windows.find((it) => it === seconds) ?? 60 };
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

/** The window goes along. */
export function linkTo(route: Route, { window }: Pick<Place, 'window'>): string {
  return `#${pathOf(route)}${window === 60 ? '' : `?window=${window}`}`;
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
