// What others see of the issuer after a round. Pure.
import type { Authority } from './authority.ts';
import type { AuthorityState, IssuerState, RootState } from './issuer-ports.ts';
import type { LateLeaves } from './leaf-ends.ts';
import type { Troubles } from './requested/trouble.ts';
import { issuerId } from './stored-roots.ts';

export interface Round {
  /** undefined: it cannot be opened, and what is known of it stays. */
  readonly authority: Authority | undefined;
  readonly isRevoking: boolean;
  /** Of an issuer outside; null: none. */
  readonly troubles: Troubles | null;
  readonly late: LateLeaves | null;
  /** Milliseconds since 1970; undefined or 0: nothing is to be renewed, or now. */
  readonly nextRenewalMs: number | undefined;
  readonly leafEnds: IssuerState['leafEnds'];
  readonly issued: number;
  readonly isTrustPublished: boolean;
  readonly problems: readonly string[];
}

export function stateAfter(before: IssuerState, round: Round): IssuerState {
  const { authority, nextRenewalMs, leafEnds, issued, isTrustPublished, problems } = round;
  return {
    rootNotAfter: authority?.expiry.root ?? before.rootNotAfter,
    authority: authority === undefined ? before.authority : authorityStateOf(authority, round),
    root: authority === undefined ? before.root : rootStateOf(authority),
    nextRenewal: nextRenewalMs === 0 ? undefined : dateOf(nextRenewalMs),
    leafEnds,
    issued,
    isTrustPublished,
    problems,
  };
}

function authorityStateOf(
  { facts, expiry, rotating }: Authority,
  { isRevoking, troubles, late }: Round,
): AuthorityState {
  return { ...facts, expiry, isHeldByRevocations: rotating.endsLists && isRevoking, troubles, late };
}

function rootStateOf(authority: Authority): RootState {
  const { rotation, last, issuedMs, notAfterMs, isOurs, isPlugged, isToChange } = authority.rotating;
  return {
    rotation,
    last,
    facts: { issuedMs, notAfterMs, isOurs, isPlugged, isToChange },
    wanted: { trust: authority.trustBundle(), signer: issuerId(authority.signer.issuer) },
  };
}

function dateOf(ms: number | undefined): Date | undefined {
  return ms === undefined ? undefined : new Date(ms);
}
