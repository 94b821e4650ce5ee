// Whether routes lead requests with the paths of a rule to a Service. What no route matches goes to the Service that was called, so only
// routes that lead elsewhere keep a path away. Never denied if it is not certain. Pure. Entry: isReachable.
import type { RuleIr } from '../../ir/inbound.ts';
import type { MeshIr } from '../../ir/mesh-ir.ts';
import type { RulePathIr } from '../../ir/request.ts';
import type { RouteIr, RouteListIr, RouteMatchIr } from '../../ir/route.ts';
import type { ServicePortIr } from '../../ir/service.ts';
import { isBelow } from './covered-rules.ts';

/** false: callers with a sidecar cannot send to that Service what the rule is about. */
export function isReachable(
  { requests }: RuleIr,
  { key }: ServicePortIr,
  lists: readonly RouteListIr[],
): boolean {
  if (requests === 'any') return true;
  return requests.some(
    ({ paths }) => paths === 'any' || paths.some((path) => lists.some((list) => leads(list, path, key))),
  );
}

/** Of all Services and all callers: routes of one Service may lead to another. */
export function routeLists({ services }: MeshIr): readonly RouteListIr[] {
  return services.flatMap(({ routes }) => [routes.default, ...routes.byAudience.map((one) => one.routes)]);
}

function leads(list: RouteListIr, path: RulePathIr, service: string): boolean {
  for (const route of list) {
    const matches = route.matches === 'any' ? ['any' as const] : route.matches;
    if (
      servicesOf(route).includes(service) &&
      (isRewritten(route) || matches.some((one) => mayMatch(one, path)))
    )
      return true;
    if (matches.some((one) => takesAll(one, path))) return false;
  }
  return false;
}

function servicesOf({ action }: RouteIr): readonly string[] {
  if (action.type !== 'Forward') return [];
  const backends = action.backends.flatMap((one) => ('service' in one ? [one.service] : []));
  return [...backends, ...action.mirrors.map(({ service }) => service)];
}

/** Any path may arrive. */
function isRewritten({ action }: RouteIr): boolean {
  return action.type === 'Forward' && action.rewrite !== null && action.rewrite.path !== null;
}

function mayMatch(match: 'any' | RouteMatchIr, rule: RulePathIr): boolean {
  if (match === 'any' || match.path === null) return true;
  if (rule.type === 'RegularExpression' || match.path.type === 'RegularExpression') return true;
  const [a, b] = inOneCase(rule, match.path.value);
  return (
    a === b ||
    (match.path.type === 'PathPrefix' && isBelow(a, b)) ||
    (rule.type === 'PathPrefix' && isBelow(b, a))
  );
}

/** All requests with such a path match. */
function takesAll(match: 'any' | RouteMatchIr, rule: RulePathIr): boolean {
  if (match === 'any') return true;
  const { path } = match;
  if (asksMore(match)) return false;
  if (path === null) return true;
  if (path.type === 'PathPrefix' && path.value === '/') return true;
  if (rule.ignoreCase || rule.type === 'RegularExpression') return false;
  if (path.type === 'Exact') return rule.type === 'Exact' && rule.value === path.value;
  return path.type === 'PathPrefix' && isBelow(rule.value, path.value);
}

function asksMore({ method, headers, queryParameters, hostnames, grpc }: RouteMatchIr): boolean {
  const lists = [headers, queryParameters, hostnames];
  return method !== null || grpc || lists.some(({ length }) => length > 0);
}

function inOneCase({ value, ignoreCase }: RulePathIr, other: string): readonly [string, string] {
  return ignoreCase ? [value.toLowerCase(), other.toLowerCase()] : [value, other];
}
