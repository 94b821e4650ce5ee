// Whether certificates can be issued and proxies served: a condition of the Mesh. Pure.
import { type ConditionDraft, conditionType, reason } from '../conditions/conditions.ts';
import { timestamp } from './object-status.ts';
import type { AuthorityState } from '../certificates/issuer-ports.ts';
import type { DeliveryReport } from './delivered.ts';
import type { RotationReport } from './root-rotation.ts';

export interface CertificateReport {
  /** End of the root's validity; absent until there is a root. */
  readonly rootNotAfter?: Date;
  /** When the next leaf is renewed. */
  readonly nextRenewal?: Date;
  /** Absent until there is a root. */
  readonly rotation?: RotationReport;
  /** Absent until there is a root. */
  readonly authority?: AuthorityState;
  /** Absent while it is not known. */
  readonly delivery?: DeliveryReport;
  /** Full sentences that tell the user what to do; empty when certificates are issued. */
  readonly problems: readonly string[];
}

export function readyOf(isAccepted: boolean, certificates: CertificateReport, now: Date): ConditionDraft {
  const problems = problemsOf(certificates, now);
  const type = conditionType.ready;
  if (problems.length > 0) {
    return { type, status: 'False', reason: reason.certificateNotReady, message: problems.join(' ') };
  }
  if (!isAccepted) {
    const message = 'This Mesh is not accepted. See the Accepted condition.';
    return { type, status: 'False', reason: reason.notAccepted, message };
  }
  const message = 'Certificates are issued, and configuration is served to proxies.';
  return { type, status: 'True', reason: reason.ready, message };
}

function problemsOf({ problems, rootNotAfter }: CertificateReport, now: Date): readonly string[] {
  if (problems.length > 0) return problems;
  if (rootNotAfter === undefined)
    return ['There is no root certificate yet. Wait; if this lasts, see the operator log.'];
  if (rootNotAfter <= now) return [`The root certificate expired at ${timestamp(rootNotAfter)}. Replace it.`];
  return [];
}
