// How much all policies together may say about one port. What they say is in the configuration of each pod, so it is bounded by port and not
// only by object: the operator and the sidecars carry a policy of the largest size, and not a hundred. Beyond the bounds the rules
// refuse more than they say, which is the safe side, and only the namespace of the policies is concerned.
import type { SecurityPolicy } from '../../../../api/v1alpha1/security/policy.ts';
import type { AuthorizationIr, RuleIr } from '../../../ir/inbound.ts';
import { maxKeySetCharacters } from '../../../jwks/key-set.ts';
import { rememberEach } from '../../../values/remember.ts';
import type { Protocol } from '../../facts/protocol.ts';
import type { Rule } from './rule.ts';
import { callersOf } from './callers.ts';
import { boundedDeny, isBounded } from './denied-connections.ts';
import { asksForRequest } from './requests.ts';
import { isOnTrial } from './trial.ts';

/**
 * Callers that the Allow rules of a TCP port list, in all. Each pod has a list of its own of whose connections go on: its endpoint
 * carries it, and that has the pod's address.
 */
export const maxAllowedCallers = 256;

/**
 * Characters of all rules of an HTTP port, each caller, method and path with `entryCharacters` besides its own: more than an API server
 * takes in one object. A request that all of them are compared with takes some 30 ms longer.
 */
export const maxRuleCharacters = 2 * 1024 * 1024;

/** What a sidecar gets for an entry besides its text. */
const entryCharacters = 64;

/** Bounds that the policies of a port exceed. */
export interface Exceeded {
  readonly deniedCallers: boolean;
  readonly allowedCallers: boolean;
  readonly ruleCharacters: boolean;
}

/** policies: all of one port, each once. Of those on trial only what they say of tokens holds. */
export function exceeded(protocol: Protocol, policies: readonly SecurityPolicy[]): Exceeded {
  const isTcp = protocol === 'TCP';
  const enforced = policies.filter((policy) => !isOnTrial(policy));
  const characters = total(policies, tokenCharacters) + total(enforced, ruleCharacters);
  return {
    deniedCallers: isTcp && !isBounded(enforced.flatMap(deniedCallers)),
    allowedCallers: isTcp && total(enforced, allowedCallers) > maxAllowedCallers,
    ruleCharacters: !isTcp && characters > maxRuleCharacters,
  };
}

/** On an HTTP port, if all were enforced. */
export function exceededOnTrial(policies: readonly SecurityPolicy[]): Exceeded {
  const characters = total(policies, tokenCharacters) + total(policies, ruleCharacters);
  return {
    deniedCallers: false,
    allowedCallers: false,
    ruleCharacters: characters > maxRuleCharacters,
  };
}

export function boundedAuthorization({ deny, allow }: AuthorizationIr, exceeds: Exceeded): AuthorizationIr {
  if (exceeds.ruleCharacters) return { deny: [everybody], allow: 'all' };
  return {
    deny: exceeds.deniedCallers ? boundedDeny(deny) : deny,
    allow: exceeds.allowedCallers ? [] : allow,
  };
}

const everybody: RuleIr = {
  id: 'too-many-rules',
  callers: 'anyone',
  unidentified: true,
  requests: 'any',
};

const allowedCallers = rememberEach((policy: SecurityPolicy) =>
  rulesOf(policy)
    .filter(({ action, to }) => action === 'Allow' && (to.length === 0 || !to.every(asksForRequest)))
    .flatMap(({ from }) => from)
    .reduce((sum, source) => sum + namesIn(source).length, 0),
);

/** On whatever port. Names are counted: of which trust domain they are makes no difference. */
const deniedCallers = rememberEach((policy: SecurityPolicy): AuthorizationIr['deny'] =>
  rulesOf(policy)
    .filter(({ action }) => action === 'Deny')
    .flatMap((rule) => {
      const callers = callersOf(rule, policy, 'cluster.local', 'TCP');
      return callers === null ? [] : [{ id: rule.name, callers, unidentified: true, requests: 'any' }];
    }),
);

const ruleCharacters = rememberEach((policy: SecurityPolicy) => {
  const asked = { from: [], to: policy.spec.authorization?.external?.to ?? [] };
  return charactersOf([asked, ...rulesOf(policy)], policy) + authorizerCharacters(policy);
});

/** Issuers, and requests that are exceptions. What becomes of issuers is as long as what is written of them, and keys that are fetched. */
const tokenCharacters = rememberEach((policy: SecurityPolicy) => {
  const { jwt = [], exceptions = [], login } = policy.spec.authentication ?? {};
  const fetched = jwt.filter(({ jwks }) => jwks.inline === undefined).length * maxKeySetCharacters;
  // A login asks for itself which requests need a token.
  const times = login === undefined ? 1 : 2;
  const excepted = times * charactersOf([{ from: [], to: exceptions }], policy);
  return JSON.stringify(jwt).length + fetched + excepted + (login === undefined ? 0 : loginFilters);
});

function charactersOf(rules: readonly Pick<Rule, 'from' | 'to'>[], policy: SecurityPolicy): number {
  return rules
    .flatMap(({ from, to }) => [
      ...from.flatMap((source) => [
        ...namesIn(source),
        ...addressesIn(source),
        ...tokenTexts(source, policy),
      ]),
      ...to.flatMap((request) => [
        ...textsIn(request),
        ...(request.not === undefined ? [] : textsIn(request.not)),
      ]),
    ])
    .reduce((sum, text) => sum + text.length + entryCharacters, 0);
}

/** Two filters, with each header in several places. */
function authorizerCharacters({ spec }: SecurityPolicy): number {
  const external = spec.authorization?.external;
  return external === undefined ? 0 : authorizerFilters + 4 * JSON.stringify(external).length;
}

const authorizerFilters = 2_048;
/** What a login is in a sidecar besides the exceptions. */
const loginFilters = 8_192;

/** For each issuer that may have verified the token, each value is compared in three ways. */
function tokenTexts({ jwt }: Source, { spec }: SecurityPolicy): readonly string[] {
  if (jwt === undefined) return [];
  const issuers = jwt.provider === undefined ? (spec.authentication?.jwt ?? []) : [jwt.provider];
  const texts = [
    ...jwt.subjects,
    ...jwt.claims.flatMap(({ path, values }) => [...path, ...values, ...values, ...values]),
  ];
  return issuers.flatMap(() => texts);
}

type Source = Rule['from'][number];
type Excluded = NonNullable<Rule['to'][number]['not']>;

function namesIn({ serviceAccounts, namespaces, principals, not }: Source): readonly string[] {
  const left = not === undefined ? [] : [...not.serviceAccounts, ...not.namespaces, ...not.principals];
  return [...serviceAccounts, ...namespaces, ...principals, ...left];
}

/** IPv4 addresses are compared in two spellings. */
function addressesIn({ ipBlocks, remoteIPBlocks, not }: Source): readonly string[] {
  const left = not === undefined ? [] : [...not.ipBlocks, ...not.remoteIPBlocks];
  return [...ipBlocks, ...remoteIPBlocks, ...left].flatMap((block) => [block, block]);
}

function textsIn({ methods, paths, hosts, headers }: Omit<Excluded, 'ports'>): readonly string[] {
  return [
    ...methods,
    ...paths.map(({ value }) => value),
    // With and without a port.
    ...hosts.flatMap((host) => [host, host]),
    ...headers.flatMap(({ name, value = '' }) => [
      value,
      ...Array.from({ length: spellings(name) }, () => name),
    ]),
  ];
}

/** Each dash may be an underscore. */
function spellings(name: string): number {
  return 2 ** (name.split(/[-_]/).length - 1);
}

function rulesOf({ spec }: SecurityPolicy): readonly Rule[] {
  return spec.authorization?.rules ?? [];
}

function total(policies: readonly SecurityPolicy[], measure: (policy: SecurityPolicy) => number): number {
  return policies.reduce((sum, policy) => sum + measure(policy), 0);
}
