// Whom authorization rules let in, by identity, as far as it can be told before anybody calls: what warnings are made from.
import type { AuthorizationIr, CallerIr, PeersIr, RuleIr } from '../../ir/inbound.ts';
import type { RequestIr } from '../../ir/request.ts';

export type Rules = Pick<AuthorizationIr, 'deny' | 'allow'>;

/** Some request of that caller. */
export function allowsSome({ deny, allow }: Rules, caller: string): boolean {
  const isShutOut = deny.some((rule) => rule.requests === 'any' && names(rule, caller));
  return !isShutOut && (allow === 'all' || allow.some((rule) => names(rule, caller)));
}

/** rules: those that are about the request. */
export function allows({ deny, allow }: Rules, caller: string): boolean {
  const isNamed = (rule: RuleIr): boolean => names(rule, caller);
  return !deny.some(isNamed) && (allow === 'all' || allow.some(isNamed));
}

function names({ callers }: RuleIr, caller: string): boolean {
  return callers === 'anyone' || callers.some((one) => matchesCaller(one, caller));
}

function matchesCaller({ identities, not }: CallerIr, caller: string): boolean {
  const isNamed = identities === 'any' || isOneOf(identities, caller);
  return isNamed && (not === null || !isOneOf(not.identities, caller));
}

function isOneOf({ spiffeIds, spiffePrefixes }: PeersIr, caller: string): boolean {
  return spiffeIds.includes(caller) || spiffePrefixes.some((prefix) => caller.startsWith(prefix));
}

/** A Deny rule, as far as it is certain what it says of whom: addresses, tokens, hosts and headers are not looked at. */
export function certainly(rule: RuleIr): RuleIr {
  const { callers, requests } = rule;
  return {
    ...rule,
    callers:
      callers === 'anyone' ? callers : callers.filter((one) => !asksForAddress(one) && one.token === null),
    requests: requests === 'any' ? requests : requests.filter((one) => !asksForMore(one)),
  };
}

function asksForAddress({ networks, remoteNetworks, not }: CallerIr): boolean {
  const excluded = not === null ? 0 : not.networks.length + not.remoteNetworks.length;
  return networks !== 'any' || remoteNetworks !== 'any' || excluded > 0;
}

function asksForMore({ hosts, headers, not }: RequestIr): boolean {
  const excluded = not === null ? 0 : not.hosts.length + not.headers.length;
  return hosts !== 'any' || headers.length > 0 || excluded > 0;
}
