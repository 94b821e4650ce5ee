// Pages by the fragment of the address, so that each can be linked to. Pure.

export const windows = [60, 600, 3600] as const;
/** Seconds. */
export type WindowSeconds = (typeof windows)[number];

/** How far back the history of a page goes, beside what is live. */
export const ranges = ['6h', '24h', '7d'] as const;
export type RangeName = (typeof ranges)[number];

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
  /** null: no history. */
  readonly range: RangeName | null;
}

const plain = ['policies', 'audit', 'proxies', 'certificates', 'changes'] as const;

export function parsePlace(hash: string): Place {
  const [path = '', query = ''] = hash.replace(/^#/, '').split('?', 2);
  const parameters = new URLSearchParams(query);
  const [seconds, range] = [Number(parameters.get('window')), parameters.get('range')];
  return {
    route: routeOf(path),
    window: windows.find((it) => it === seconds) ?? 60,
    range: ranges.find((it) => it === range) ?? null,
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

/** The times go along. */
export function linkTo(route: Route, { window, range }: Omit<Place, 'route'>): string {
  const parameters = new URLSearchParams();
  if (window !== 60) parameters.set('window', String(window));
  if (range !== null) parameters.set('range', range);
  const query = parameters.toString();
  return `#${pathOf(route)}${query === '' ? '' : `?${query}`}`;
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
