// How pods get their certificates, and whether those that ask for one have it: a condition of the Mesh. Pure.
import type { Delivery } from '../certificates/delivery.ts';
import type { WaitingRequest } from '../certificates/pod-signer.ts';
import { type ConditionDraft, conditionType, reason } from '../conditions/conditions.ts';
import { listedUpTo } from './programmed-messages.ts';

export interface DeliveryReport {
  readonly delivery: Delivery;
  /** Requests that have waited for too long. */
  readonly late: readonly WaitingRequest[];
  /** Keys of workloads whose pod certificates were issued before spec.certificates.issuedAfter. */
  readonly outdated: readonly string[];
}

/** undefined where there is only one way. */
export function deliveredOf({ delivery, late, outdated }: DeliveryReport): ConditionDraft | undefined {
  const { inUse, isPossible, why } = delivery;
  if (why === null) return undefined;
  const type = conditionType.certificatesDelivered;
  if (!isPossible) {
    const message = `Pods cannot get pod certificates, as spec.certificates.delivery asks for: sidecars are not added. ${why} Upgrade them, or set spec.certificates.delivery to Auto.`;
    return { type, status: 'False', reason: reason.notSupported, message };
  }
  const [first] = late;
  if (first !== undefined)
    return { type, status: 'False', reason: reason.requestsPending, message: pendingOn(late, first) };
  if (outdated.length > 0)
    return { type, status: 'False', reason: reason.issuedBefore, message: outdatedOf(outdated) };
  return { type, status: 'True', reason: reasons[inUse], message: `${ways[inUse]} ${why}` };
}

const reasons = { Secret: reason.secret, PodCertificate: reason.podCertificate } as const;
const ways = {
  Secret: 'Certificates and their private keys are in Secrets.',
  PodCertificate: 'Private keys are created on the nodes and never leave them.',
} as const;

function pendingOn(late: readonly WaitingRequest[], { why }: WaitingRequest): string {
  const pods = late.map(({ pod }) => pod);
  const wait = pods.length === 1 ? '1 pod waits' : `${pods.length} pods wait`;
  return `${wait} for a certificate: ${listedUpTo(pods)}. ${why} Containers of these pods that end are not started again until it is signed.`;
}

function outdatedOf(workloads: readonly string[]): string {
  const are = workloads.length === 1 ? '1 pod has' : `${workloads.length} pods have`;
  return `${are} a certificate from before spec.certificates.issuedAfter: ${listedUpTo(workloads)}. Only a new pod gets a new key at once: restart the workloads, for example with kubectl rollout restart.`;
}
