// Whether a Deny rule matches all that an Allow rule does. Never said if it is not certain. Pure. Entry: isDenied.
import type { CallerIr, PeersIr, RuleIr } from '../../ir/inbound.ts';
import type { RequestIr, RulePathIr } from '../../ir/request.ts';
import { isSameValue } from '../../values/same-value.ts';

export function isDenied(allow: RuleIr, deny: RuleIr): boolean {
  return coversCallers(deny.callers, allow.callers) && coversRequests(deny.requests, allow.requests);
}

function coversCallers(deny: RuleIr['callers'], allow: RuleIr['callers']): boolean {
  if (deny === 'anyone') return true;
  return allow !== 'anyone' && allow.every((one) => deny.some((by) => coversCaller(by, one)));
}

function coversCaller(deny: CallerIr, allow: CallerIr): boolean {
  if (isSameValue(deny, allow)) return true;
  const { identities, networks, remoteNetworks, token, not } = deny;
  const asksMore = networks !== 'any' || remoteNetworks !== 'any' || token !== null || not !== null;
  return !asksMore && coversIdentities(identities, allow.identities);
}

function coversIdentities(deny: 'any' | PeersIr, allow: 'any' | PeersIr): boolean {
  if (deny === 'any') return true;
  if (allow === 'any') return false;
  const isOfPrefix = (id: string): boolean => deny.spiffePrefixes.some((prefix) => id.startsWith(prefix));
  return (
    allow.spiffeIds.every((id) => deny.spiffeIds.includes(id) || isOfPrefix(id)) &&
    allow.spiffePrefixes.every(isOfPrefix) &&
    allow.foreignIds.every((id) => deny.foreignIds.includes(id))
  );
}

function coversRequests(deny: RuleIr['requests'], allow: RuleIr['requests']): boolean {
  if (deny === 'any') return true;
  return allow !== 'any' && allow.every((one) => deny.some((by) => coversRequest(by, one)));
}

function coversRequest(deny: RequestIr, allow: RequestIr): boolean {
  if (isSameValue(deny, allow)) return true;
  const asksMore = deny.hosts !== 'any' || deny.headers.length > 0 || deny.not !== null;
  return !asksMore && coversMethods(deny, allow) && coversPaths(deny, allow);
}

function coversMethods({ methods: deny }: RequestIr, { methods: allow }: RequestIr): boolean {
  if (deny === 'any') return true;
  return allow !== 'any' && allow.every((method) => deny.includes(method));
}

function coversPaths({ paths: deny }: RequestIr, { paths: allow }: RequestIr): boolean {
  if (deny === 'any') return true;
  return allow !== 'any' && allow.every((path) => deny.some((by) => coversPath(by, path)));
}

function coversPath(deny: RulePathIr, allow: RulePathIr): boolean {
  if (isSameValue(deny, allow)) return true;
  if (deny.type !== 'PathPrefix' || allow.type === 'RegularExpression') return false;
  if (allow.ignoreCase && !deny.ignoreCase) return false;
  const [value, below] = deny.ignoreCase
    ? [deny.value.toLowerCase(), allow.value.toLowerCase()]
    : [deny.value, allow.value];
  return isBelow(below, value);
}

/** Of paths: the same one, or one below it. */
export function isBelow(path: string, prefix: string): boolean {
  return path === prefix || path.startsWith(prefix === '/' ? '/' : `${prefix}/`);
}
