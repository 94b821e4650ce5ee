// How a port of a workload is guarded: its mutual TLS mode, who may call, and which objects say so.
import type { Mesh } from '../../../../api/v1alpha1/mesh.ts';
import type { MtlsTransition } from '../../../../api/v1alpha1/mtls.ts';
import type { SecurityPolicy } from '../../../../api/v1alpha1/security/policy.ts';
import type { AuthorizerIr } from '../../../ir/authorizer.ts';
import type { AuthenticationIr, AuthorizationIr, MtlsModeIr } from '../../../ir/inbound.ts';
import type { Origin } from '../../../ir/origin.ts';
import { mergeOrigins, originOf } from '../../facts/origins.ts';
import type { OwnerOf } from '../../facts/pod-owners.ts';
import { byText } from '../../../values/compare-text.ts';
import { type KeyedMemory, rememberByKey, rememberLast } from '../../../values/remember.ts';
import type { ServedPort } from '../../facts/served-ports.ts';
import type { Workload } from '../../facts/workload.ts';
import { type Attachment, holdsAt, type SecurityAttachments } from './attach.ts';
import { authenticationAt, tokenDenials } from './authentication.ts';
import { policyRules, unionOf } from './authorization.ts';
import type { Authorizers } from './authorizer-references.ts';
import { sortedUnique } from './callers.ts';
import { type Asked, askedAt, authorizerAt, authorizerHeaders, externalDenials } from './external.ts';
import type { KeysOf } from './key-sources.ts';
import { loginAt, type Logins } from './login.ts';
import { boundedAuthorization, exceeded, exceededOnTrial } from './port-bounds.ts';
import { isOnTrial } from './trial.ts';
import type { Place } from './requests.ts';
import { decidingWish } from './mtls-wishes.ts';
import { isOnlyNamed, portsNamed } from './rule-ports.ts';

interface MtlsDecision {
  readonly mode: MtlsModeIr;
  /** The object that decided it. */
  readonly origin: Origin;
  /** How it is to become Strict. */
  readonly transition: MtlsTransition;
  /** It is Strict at once, and what is stored says otherwise. */
  readonly isUnsettled?: true;
}

const safe: MtlsTransition = { type: 'Safe', quietPeriod: '10m' };

interface Guard {
  readonly mtls: MtlsModeIr;
  /** null on TCP ports, where authorization refuses whoever needs a token. */
  readonly authentication: AuthenticationIr | null;
  readonly authorization: AuthorizationIr;
  readonly authorizers: readonly AuthorizerIr[];
  readonly authorizerHeaders: readonly string[];
  readonly audit: AuthorizationIr | null;
  readonly namesRule: boolean;
  /** The Mesh if its mode holds, and every policy that shapes the guard. */
  readonly origins: readonly Origin[];
}

type KnownPorts = ReadonlyMap<number, ServedPort>;
type GuardedPlace = Place & { readonly knownPorts: KnownPorts };

export interface Security {
  /** port null: the ports that no Service names. knownPorts: without them Staged is told as Strict. */
  mtls(workload: Workload, port: number | null, knownPorts?: KnownPorts): MtlsDecision;
  guard(workload: Workload, place: GuardedPlace): Guard;
}

/** Security of one batch after another: as long as the policies of a port stay, so does the guard that it gives out. */
export function createSecurityMaker(): (
  mesh: Mesh,
  attachments: SecurityAttachments,
  authorizers: Authorizers,
  found: Found,
) => Security {
  const guards = rememberByKey<Guard>();
  return rememberLast((mesh, attachments, authorizers, found) => {
    guards.sweep();
    return createSecurity(mesh, attachments, { authorizers, ...found, guards });
  });
}

/**
 * What is stored of a port: that it accepts plaintext until nobody uses it, or may do so again. port null: the ports that no Service names. isOther: it
 * would be one of these if no policy named it.
 */
export type StoredMode = (
  workload: Workload,
  port: number | null,
  isOther: boolean,
) => 'Open' | 'Watched' | null;

/** What policies refer to, and what is stored of their targets. */
export interface Found {
  readonly keysOf: KeysOf;
  readonly logins: Logins;
  readonly ownerOf: OwnerOf;
  readonly storedMode: StoredMode;
}

/** What a policy says at a place. */
interface Reading extends Pick<Found, 'keysOf' | 'logins'> {
  readonly rulesOf: (policy: SecurityPolicy) => AuthorizationIr;
  readonly askedBy: (policy: SecurityPolicy) => Asked | null;
}

const nothing: readonly Attachment[] = [];
const noPorts: KnownPorts = new Map();

interface Known extends Found {
  readonly authorizers: Authorizers;
  /** Pods of one Deployment are guarded alike: by the same policies, hence by the same value. */
  readonly guards: KeyedMemory<Guard>;
}

function createSecurity(
  mesh: Mesh,
  { byWorkload }: SecurityAttachments,
  { authorizers, keysOf, logins, storedMode, guards }: Known,
): Security {
  const { mode, transition = safe } = mesh.spec.mtls;
  const fallback: MtlsDecision = { mode, origin: originOf(mesh), transition };
  const holding = (workload: Workload, port: number | null): readonly Attachment[] =>
    byWorkload.get(workload.key)?.filter((attachment) => holdsAt(attachment, port)) ?? nothing;

  const decide = (
    workload: Workload,
    { port, knownPorts }: Pick<GuardedPlace, 'port' | 'knownPorts'>,
    here: readonly Attachment[],
  ): MtlsDecision => {
    const decision = decideMtls(here, { port, knownPorts }, fallback);
    if (decision.mode !== 'Strict') return decision;
    const isOther = port !== null && isOnlyNamed(knownPorts.get(port));
    const stored = storedMode(workload, port, isOther);
    if (decision.transition.type === 'Immediate')
      return stored === null ? decision : { ...decision, isUnsettled: true };
    return stored === 'Open' ? { ...decision, mode: 'Staged' } : decision;
  };

  /** By the names of policies: they can be thousands, and each port of each pod asks. */
  const namedPorts = new Map<string, ReadonlySet<number>>();
  /** Of ports that no policy is about, by mode: they are nearly all. */
  const unguarded = { HTTP: new Map<MtlsModeIr, Guard>(), TCP: new Map<MtlsModeIr, Guard>() };

  const guardBy = (
    workload: Workload,
    place: Place,
    here: readonly Attachment[],
    decision: MtlsDecision,
  ): Guard => {
    const policies = here.map(({ policy }) => policy);
    const names = policies.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`).join();
    const ports = namedPorts.get(names) ?? new Set(policies.flatMap(portsNamed));
    namedPorts.set(names, ports);
    const askedBy: Reading['askedBy'] = (policy) => askedAt(policy, authorizers, workload.key, place.port);
    const asked = authorizers.size === 0 ? '' : JSON.stringify(policies.map(askedBy));
    const key = `${place.protocol} ${decision.mode} ${portKey(ports, place)} ${names} ${asked}`;
    const known = policies.flatMap((policy) => [...keysOf(policy), logins.get(policy)]);
    return guards.get(key, [mesh, ...policies, ...known], () => {
      const rulesOf: Reading['rulesOf'] = (policy) => policyRules(policy, mesh.spec.trustDomain, place);
      const decided = { decision, mesh: fallback.origin };
      return buildGuard(here, decided, place, { rulesOf, askedBy, keysOf, logins });
    });
  };

  return {
    mtls: (workload, port, knownPorts = noPorts) =>
      decide(workload, { port, knownPorts }, holding(workload, port)),
    guard(workload, place) {
      const here = holding(workload, place.port);
      const decision = decide(workload, place, here);
      const known = here.length === 0 ? unguarded[place.protocol].get(decision.mode) : undefined;
      if (known !== undefined) return known;
      const guard = guardBy(workload, place, here, decision);
      if (here.length === 0) unguarded[place.protocol].set(decision.mode, guard);
      return guard;
    },
  };
}

/** As much of the ports as these policies look at: where that is the same, so is the guard. */
function portKey(named: ReadonlySet<number>, { port, knownPorts }: Place): string {
  if (named.size === 0) return '';
  if (port !== null) return named.has(port) ? String(port) : 'unnamed';
  return `unknown:${[...named].filter((one) => !knownPorts.has(one)).join()}`;
}

function buildGuard(
  holding: readonly Attachment[],
  { decision, mesh }: { readonly decision: MtlsDecision; readonly mesh: Origin },
  place: Place,
  { rulesOf, askedBy, keysOf, logins }: Reading,
): Guard {
  const policies = new Set(holding.map(({ policy }) => policy));
  const authorizing = [...policies].filter(
    ({ spec }) => spec.authorization !== undefined || spec.authentication !== undefined,
  );
  // SPIFFE ids in rules and certificates carry the Mesh's trust domain, whoever decides the mode.
  const shapedByMesh = decision.mode !== 'Disabled' || authorizing.length > 0 ? [mesh] : [];
  const enforced = authorizing.filter((policy) => !isOnTrial(policy));
  // Rules may be on trial; tokens are required all the same.
  const tokensOnly = authorizing
    .filter(isOnTrial)
    .map((policy): AuthorizationIr => ({ deny: tokenDenials(policy, place), allow: 'all' }));
  const unasked = enforced.map((policy): AuthorizationIr => {
    return { deny: externalDenials(policy, askedBy(policy), place), allow: 'all' };
  });
  const exceeds = exceeded(place.protocol, authorizing);
  // Beyond the bound nobody comes in: there is nothing to be read.
  const isOpen = place.protocol === 'HTTP' && !exceeds.ruleCharacters;
  return {
    mtls: decision.mode,
    authentication: isOpen
      ? authenticationAt(authorizing, place, keysOf, loginAt(authorizing, logins))
      : null,
    authorization: boundedAuthorization(
      unionOf([...enforced.map(rulesOf), ...tokensOnly, ...unasked]),
      exceeds,
    ),
    authorizers: isOpen
      ? enforced
          .flatMap((policy) => authorizerAt(policy, askedBy(policy), place) ?? [])
          .toSorted(byText(({ id }) => id))
      : [],
    authorizerHeaders: isOpen
      ? sortedUnique(enforced.flatMap((policy) => authorizerHeaders(policy, askedBy(policy))))
      : [],
    audit: place.protocol === 'TCP' ? null : auditOf(authorizing, rulesOf),
    namesRule: authorizing.some(({ spec }) => spec.authorization?.responseHeader === true),
    origins: mergeOrigins([decision.origin], shapedByMesh, authorizing.map(originOf)),
  };
}

/** What policies on trial would refuse, if all of them were enforced with those that are. */
function auditOf(policies: readonly SecurityPolicy[], rulesOf: Reading['rulesOf']): AuthorizationIr | null {
  const onTrial = policies.filter(isOnTrial);
  if (onTrial.length === 0) return null;
  const { deny, allow } = unionOf(onTrial.map(rulesOf));
  const all = allow === 'all' ? 'all' : unionOf(policies.map(rulesOf)).allow;
  return boundedAuthorization({ deny, allow: all }, exceededOnTrial(policies));
}

/** holding: in the order of precedence. If none of them has a mode, the Mesh decides. */
function decideMtls(
  holding: readonly Attachment[],
  { port, knownPorts }: Pick<GuardedPlace, 'port' | 'knownPorts'>,
  fallback: MtlsDecision,
): MtlsDecision {
  const wish = decidingWish(holding, port, knownPorts);
  if (wish === null) return fallback;
  const { mode, policy } = wish;
  return { mode, origin: originOf(policy), transition: policy.spec.mtls?.transition ?? safe };
}
