// Whether certificates are signed by the authority that the Mesh asks for: a condition of the Mesh. Pure.
import type { AuthorityState } from '../certificates/issuer-ports.ts';
import type { LateLeaves } from '../certificates/leaf-ends.ts';
import type { Troubles } from '../certificates/requested/trouble.ts';
import { type ConditionDraft, conditionType, reason } from '../conditions/conditions.ts';
import type { RootRotationIr } from '../ir/mesh-ir.ts';
import { timestamp } from './object-status.ts';

/** mode: whether rotations may begin; undefined: not known. undefined for a built-in authority about which there is nothing to say. */
export function authorityHealthyOf(
  authority: AuthorityState,
  mode: RootRotationIr['mode'] | undefined,
): ConditionDraft | undefined {
  const { isPlugged, wanted, problem, isAsWanted, expiry, troubles, late } = authority;
  const type = conditionType.authorityHealthy;
  if (problem !== null) {
    const message = `${problem} Until this is corrected, ${present(authority)} signs certificates.`;
    return { type, status: 'False', reason: reason.invalidAuthority, message };
  }
  // With the root nothing can be renewed that lives longer.
  if (late !== null && !expiry.isSoon) {
    const why = late.expired > 0 ? reason.certificatesExpired : reason.certificatesExpireSoon;
    return { type, status: 'False', reason: why, message: lateMessage(late, troubles) };
  }
  if (troubles !== null) {
    const message = `${troubles.texts.join(' ')} Certificates in use stay until they expire.`;
    const why = troubles.kind === 'Refused' ? reason.issuerRefused : reason.issuerSlow;
    return { type, status: 'False', reason: why, message };
  }
  if (!isAsWanted)
    return { type, status: 'False', reason: reason.pending, message: pending(authority, mode) };
  if (expiry.isSoon)
    return { type, status: 'False', reason: reason.expiresSoon, message: expiring(authority) };
  if (!isPlugged) return undefined;
  const message = `Certificates are signed by ${theAuthority(wanted)}. ${ends(authority)}`;
  return { type, status: 'True', reason: reason.healthy, message };
}

function lateMessage(late: LateLeaves, troubles: Troubles | null): string {
  const { count, expired, first, firstEnd } = late;
  const at = timestamp(firstEnd);
  const what =
    expired > 0
      ? `${certificates(expired)} of workloads expired, first that in ${first} at ${at}. Connections with them are refused.`
      : `${certificates(count)} of workloads should have been renewed and expire soon, first that in ${first} at ${at}.`;
  const why = troubles === null ? ['See the Ready condition and the operator log.'] : troubles.texts;
  return [what, ...why].join(' ');
}

function certificates(count: number): string {
  return count === 1 ? '1 certificate' : `${count} certificates`;
}

/** A Secret holds one; an issuer is one. */
function theAuthority(wanted: string | null): string {
  return wanted?.startsWith('Secret ') === true ? `the authority in ${wanted}` : (wanted ?? '');
}

function upperFirst(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The one that signs. */
function present({ isPlugged }: AuthorityState): string {
  return isPlugged ? 'the last valid authority' : 'the built-in authority';
}

function pending(authority: AuthorityState, mode: RootRotationIr['mode'] | undefined): string {
  const next =
    authority.wanted === null ? 'A root of Meshwright' : upperFirst(theAuthority(authority.wanted));
  const still = `${next} does not sign certificates yet.`;
  if (mode === 'Abort')
    return `${still} Rotations of the root are aborted: set spec.certificates.rootRotation.mode to Proceed.`;
  if (authority.isHeldByRevocations)
    return `${still} Certificates are revoked, and the new authority cannot sign a list of them. It takes over when they have expired, at the latest after spec.certificates.workloadTTL. Wait.`;
  return `${still} It takes over in a rotation of the root: see RootRotated.`;
}

function expiring(authority: AuthorityState): string {
  const what =
    authority.wanted === null
      ? 'Set spec.certificates.rootRotation.issuedAfter to the present time to replace the root.'
      : `Renew the certificates ${authority.wanted.startsWith('Secret ') ? 'in' : 'of'} ${authority.wanted}.`;
  return `${ends(authority)} ${what}`;
}

function ends({ expiry }: AuthorityState): string {
  const root = `The root certificate expires at ${timestamp(expiry.root)}.`;
  if (expiry.intermediate === null) return root;
  return `The intermediate certificate expires at ${timestamp(expiry.intermediate)}, the root certificate at ${timestamp(expiry.root)}.`;
}
