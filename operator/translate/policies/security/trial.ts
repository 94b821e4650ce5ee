// Policies on trial: their rules refuse nobody, and it is counted whom they would refuse.
import type { SecurityPolicy } from '../../../../api/v1alpha1/security/policy.ts';
import { listed } from '../../facts/verdicts.ts';

export function isOnTrial({ spec }: SecurityPolicy): boolean {
  return spec.authorization?.enforcement === 'Audit';
}

/** Sentences for Accepted of a policy on trial. tcpPorts: of its targets. */
export function trialNotes(tcpPorts: readonly number[]): readonly string[] {
  const ports = listed(tcpPorts.map(String));
  return [
    'enforcement is Audit, so the rules refuse nobody. The condition WouldRefuse and access logs of the targets tell which requests they would refuse.',
    ...(ports === ''
      ? []
      : [`On TCP port ${ports}, Audit reports nothing, because a TCP connection has no requests.`]),
  ];
}
