// The callers of an authorization rule as Envoy's principals.
// @see https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/rbac/v3/rbac.proto#config-rbac-v3-principal
import {
  asksForIdentity,
  type CallerIr,
  type ExcludedCallersIr,
  isNobody,
  type PeersIr,
} from '../../../ir/inbound.ts';
import type { EnvoyMessage } from '../../proto/envoy-message.ts';
import { quote } from '../complement-regex.ts';
import { anyTrustDomain, pathOf } from '../spiffe.ts';
import { type Certainty, opposite } from './certainty.ts';
import { forwardedFrom, within } from './forwarded-for.ts';
import { allIds, anyId, notId } from './identifiers.ts';
import { tokenPrincipal } from './tokens/token-principal.ts';

/** Without a name `authenticated` matches every caller that showed a certificate. */
const withIdentity: EnvoyMessage = { authenticated: {} };
const withoutIdentity: EnvoyMessage = notId(withIdentity);

/** unidentified: whether callers without an identity count as any. */
export function principal(caller: CallerIr, certainty: Certainty, unidentified: boolean): EnvoyMessage {
  const { networks, remoteNetworks, token, not } = caller;
  return allIds([
    ...(asksForIdentity(caller) ? [identity(caller, certainty, unidentified)] : []),
    ...(networks === 'any' ? [] : [within('direct_remote_ip', networks)]),
    ...(remoteNetworks === 'any' ? [] : [forwardedFrom(remoteNetworks, certainty)]),
    ...(token === null ? [] : [tokenPrincipal(token, certainty)]),
    ...(not === null ? [] : outside(not, certainty)),
  ]);
}

function outside(
  { networks, remoteNetworks }: ExcludedCallersIr,
  certainty: Certainty,
): readonly EnvoyMessage[] {
  return [
    ...(networks.length === 0 ? [] : [notId(within('direct_remote_ip', networks))]),
    ...(remoteNetworks.length === 0 ? [] : [notId(forwardedFrom(remoteNetworks, opposite[certainty]))]),
  ];
}

function identity({ identities, not }: CallerIr, certainty: Certainty, unidentified: boolean): EnvoyMessage {
  const asked = [
    ...(identities === 'any' ? [] : [named(identities, certainty)]),
    ...(not === null || isNobody(not.identities) ? [] : [notId(named(not.identities, opposite[certainty]))]),
  ];
  if (unidentified) return anyId([allIds(asked), withoutIdentity]);
  // No name matches a caller without an identity: it has to be asked for only where nobody is named.
  return allIds(identities === 'any' ? [withIdentity, ...asked] : asked);
}

/** Needs a verified client certificate: without one, `authenticated` never matches. */
function named(peers: PeersIr, certainty: Certainty): EnvoyMessage {
  const { spiffeIds, spiffePrefixes, foreignIds } = peers;
  const own =
    certainty === 'possibly'
      ? inAnyTrustDomain(peers)
      : [...spiffeIds.map((exact) => ({ exact })), ...spiffePrefixes.map((prefix) => ({ prefix }))];
  const names = [...own, ...foreignIds.map((exact) => ({ exact }))];
  return anyId(names.map((name) => ({ authenticated: { principal_name: name } })));
}

/** After a change of the Mesh's trust domain, certificates of the former one are valid until they expire. */
function inAnyTrustDomain({ spiffeIds, spiffePrefixes }: PeersIr): readonly EnvoyMessage[] {
  return [
    ...spiffeIds.map((id) => ({ suffix: pathOf(id) })),
    ...spiffePrefixes.map((prefix) => ({
      safe_regex: { regex: `${anyTrustDomain}${quote(pathOf(prefix))}.*` },
    })),
  ];
}
