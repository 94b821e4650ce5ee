// What regular expressions of policies do not get to see because it is too long. RE2 reads every character, some expressions take a microsecond
// for each, and one that replaces parts of a path may read all the rest for each part: a path of 100 KB occupied a sidecar for twenty seconds.
// Routes are chosen before any filter could refuse such a request, so the first route does.
import type { PathRewriteIr, RouteIr, RouteListIr, RouteMatchIr } from '../../../ir/route.ts';
import type { EnvoyMessage } from '../../proto/envoy-message.ts';
import { headerBytesHeader, pathBytesHeader } from '../names.ts';

/** Of paths, with their query; of headers together. As much as common servers take. */
const maxBytes = { path: 8 * 1024, headers: 32 * 1024 } as const;

/** Of routes that no policy has: the name. */
export const tooLarge = 'too-large';

/** Before all other routes of a virtual host. None where no route has an expression. */
export function refusalsOfLargeHeads(routes: RouteListIr): readonly EnvoyMessage[] {
  const matches = routes.flatMap((route) => (route.matches === 'any' ? [] : route.matches));
  return [
    ...(matches.some(readsPath) || routes.some(replacesPath)
      ? [refusal(pathBytesHeader, 414, 'path', maxBytes.path)]
      : []),
    ...(matches.some(readsHeaders) ? [refusal(headerBytesHeader, 431, 'headers', maxBytes.headers)] : []),
  ];
}

function readsPath({ path, queryParameters }: RouteMatchIr): boolean {
  return [path, ...queryParameters].some((value) => value?.type === 'RegularExpression');
}

function readsHeaders({ headers }: RouteMatchIr): boolean {
  return headers.some(({ type }) => type === 'RegularExpression');
}

function replacesPath({ action }: RouteIr): boolean {
  return replacementIn(action)?.type === 'RegularExpression';
}

function replacementIn(action: RouteIr['action']): PathRewriteIr | null {
  if (action.type === 'Forward') return action.rewrite?.path ?? null;
  return action.type === 'Redirect' ? action.path : null;
}

function refusal(header: string, status: number, what: string, max: number): EnvoyMessage {
  const body = `The ${what} of a request can have ${max / 1024} KiB here, because routes of this Service have regular expressions for the ${what}.\n`;
  return {
    name: tooLarge,
    // Envoy takes ranges without their end.
    match: { prefix: '/', headers: [{ name: header, range_match: { start: max + 1, end: 2 ** 31 } }] },
    direct_response: { status, body: { inline_string: body } },
  };
}
