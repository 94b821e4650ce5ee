// The callers of authorization rules in the mesh's own words.
import type { SecurityPolicy } from '../../../../api/v1alpha1/security/policy.ts';
import type { CallerIr, ExcludedCallersIr, PeersIr, RuleIr } from '../../../ir/inbound.ts';
import { asksForIdentity, isNobody } from '../../../ir/inbound.ts';
import { byText } from '../../../values/compare-text.ts';
import { identityOf, namespacePrefix } from '../../facts/identity.ts';
import type { Protocol } from '../../facts/protocol.ts';
import type { Rule } from './rule.ts';
import { translateNetworks } from './networks.ts';
import { tokenMatchOf } from './token-match.ts';

type Source = Rule['from'][number];
type Identities = Pick<Source, 'serviceAccounts' | 'namespaces' | 'principals'>;

/** null: nobody. trustDomain: of the mesh. */
export function callersOf(
  { from, action }: Rule,
  policy: SecurityPolicy,
  trustDomain: string,
  protocol: Protocol,
): RuleIr['callers'] | null {
  if (from.length === 0) return 'anyone';
  const callers = from
    .filter((source) => !isEmptySource(source))
    .map((source) => callerOf(source, policy, trustDomain))
    .flatMap((caller) => (protocol === 'HTTP' ? [caller] : onConnections(caller, action)));
  if (callers.length === 0) return null;
  return protocol === 'TCP' && callers.some((caller) => !asksForIdentity(caller)) ? 'anyone' : callers;
}

/** It says nothing at all. */
export function isEmptySource(source: Source): boolean {
  return (
    !namesIdentity(source) && !asksForAddress(source) && source.jwt === undefined && source.not === undefined
  );
}

/** Whether it depends on who calls. */
export function dependsOnIdentity(source: Source): boolean {
  return namesIdentity(source) || (source.not !== undefined && namesIdentity(source.not));
}

/** Whether it depends on addresses, of which a handshake knows nothing. */
export function dependsOnAddress(source: Source): boolean {
  return asksForAddress(source) || (source.not !== undefined && asksForAddress(source.not));
}

function namesIdentity({ serviceAccounts, namespaces, principals }: Identities): boolean {
  return serviceAccounts.length + namespaces.length + principals.length > 0;
}

function asksForAddress({ ipBlocks, remoteIPBlocks }: Pick<Source, 'ipBlocks' | 'remoteIPBlocks'>): boolean {
  return ipBlocks.length + remoteIPBlocks.length > 0;
}

function callerOf(source: Source, policy: SecurityPolicy, trustDomain: string): CallerIr {
  const { ipBlocks, remoteIPBlocks, jwt, not } = source;
  return {
    identities: namesIdentity(source) ? peersOf(source, trustDomain) : 'any',
    networks: ipBlocks.length === 0 ? 'any' : translateNetworks(ipBlocks),
    remoteNetworks: remoteIPBlocks.length === 0 ? 'any' : translateNetworks(remoteIPBlocks),
    token: jwt === undefined ? null : tokenMatchOf(jwt, policy),
    not: not === undefined ? null : excludedOf(not, trustDomain),
  };
}

function excludedOf(not: NonNullable<Source['not']>, trustDomain: string): ExcludedCallersIr {
  return {
    identities: peersOf(not, trustDomain),
    networks: translateNetworks(not.ipBlocks),
    remoteNetworks: translateNetworks(not.remoteIPBlocks),
  };
}

/** Addresses and tokens cannot be compared in a handshake: an Allow rule that asks for them cannot match, a Deny rule refuses without. */
function onConnections(
  { identities, networks, remoteNetworks, token, not }: CallerIr,
  action: Rule['action'],
): readonly CallerIr[] {
  const asks =
    token !== null ||
    networks !== 'any' ||
    remoteNetworks !== 'any' ||
    (not !== null && not.networks.length + not.remoteNetworks.length > 0);
  if (asks && action === 'Allow') return [];
  const excluded = not === null || isNobody(not.identities) ? null : not.identities;
  return [
    {
      identities,
      networks: 'any',
      remoteNetworks: 'any',
      token: null,
      not: excluded === null ? null : { identities: excluded, networks: [], remoteNetworks: [] },
    },
  ];
}

function peersOf({ serviceAccounts, namespaces, principals }: Identities, trustDomain: string): PeersIr {
  const own = principals.filter((id) => id.startsWith(`spiffe://${trustDomain}/`));
  const foreign = principals.filter((id) => !own.includes(id));
  return {
    spiffeIds: sortedUnique([...serviceAccounts.map((account) => spiffeIdOf(account, trustDomain)), ...own]),
    spiffePrefixes: sortedUnique(namespaces.map((namespace) => namespacePrefix(trustDomain, namespace))),
    foreignIds: sortedUnique(foreign),
  };
}

/** account: `namespace/name`. */
function spiffeIdOf(account: string, trustDomain: string): string {
  const slash = account.indexOf('/');
  return identityOf(trustDomain, account.slice(0, slash), account.slice(slash + 1)).spiffeId;
}

export function sortedUnique(items: readonly string[]): readonly string[] {
  return [...new Set(items)].toSorted(byText((item) => item));
}
