// Whether certificates are signed by the authority that the Mesh asks for: a condition of the Mesh. Pure.
import type { AuthorityState } from '../certificates/issuer-ports.ts';
import { type ConditionDraft, conditionType, reason } from '../conditions/conditions.ts';
import type { RootRotationIr } from '../ir/mesh-ir.ts';
import { timestamp } from './object-status.ts';

/** mode: whether rotations may begin; undefined: not known. undefined for a built-in authority about which there is nothing to say. */
export function authorityHealthyOf(
  authority: AuthorityState,
  mode: RootRotationIr['mode'] | undefined,
): ConditionDraft | undefined {
  const { isPlugged, wanted, problem, isAsWanted, expiry } = authority;
  const type = conditionType.authorityHealthy;
  if (problem !== null) {
    const message = `${problem} Until this is corrected, ${present(authority)} signs certificates.`;
    return { type, status: 'False', reason: reason.invalidAuthority, message };
  }
  if (!isAsWanted)
    return { type, status: 'False', reason: reason.pending, message: pending(authority, mode) };
  if (expiry.isSoon)
    return { type, status: 'False', reason: reason.expiresSoon, message: expiring(authority) };
  if (!isPlugged) return undefined;
  const message = `Certificates are signed by the authority in ${wanted}. ${ends(authority)}`;
  return { type, status: 'True', reason: reason.healthy, message };
}

/** The one that signs. */
function present({ isPlugged }: AuthorityState): string {
  return isPlugged ? 'the last valid authority' : 'the built-in authority';
}

function pending(authority: AuthorityState, mode: RootRotationIr['mode'] | undefined): string {
  const next = authority.wanted === null ? 'A root of Meshwright' : `The authority in ${authority.wanted}`;
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
      : `Renew the certificates in ${authority.wanted}.`;
  return `${ends(authority)} ${what}`;
}

function ends({ expiry }: AuthorityState): string {
  const root = `The root certificate expires at ${timestamp(expiry.root)}.`;
  if (expiry.intermediate === null) return root;
  return `The intermediate certificate expires at ${timestamp(expiry.intermediate)}, the root certificate at ${timestamp(expiry.root)}.`;
}
