// Verdicts and acknowledgements → the status of every object a user wrote. Entry: aggregate. Pure: it knows
// neither platform nor clock, and nothing it says flows back into translation.
import type { MeshStatus } from '../../api/v1alpha1/mesh.ts';
import type { Origin } from '../ir/origin.ts';
import type { ObjectStatus } from '../ports/platform.ts';
import type { WorkloadReport } from '../conditions/workload-report.ts';
import { type ObjectRef, refKey } from '../objects/objects.ts';
import type { ProxyReport } from '../xds/session/proxy-report.ts';
import type { Snapshot } from '../xds/snapshot/types.ts';
import { type ConditionDraft, conditionType, reason, type Verdict } from '../conditions/conditions.ts';
import { injectedOf } from './injected.ts';
import { conditionOf, continueStatus, type StatusUpdate, timestamp } from './object-status.ts';
import { type Programmed, programmedOf, type Published } from './programmed.ts';
import { AckIndex } from './ack-index.ts';

export interface CertificateReport {
  /** End of the root's validity; absent until there is a root. */
  readonly rootNotAfter?: Date;
  /** When the next leaf is renewed. */
  readonly nextRenewal?: Date;
  /** Full sentences that tell the user what to do; empty when certificates are issued. */
  readonly problems: readonly string[];
}

export interface AggregateInput {
  readonly verdicts: readonly Verdict[];
  /** What is published; null until the first publication. Made from the same resources as `verdicts`. */
  readonly snapshot: Snapshot | null;
  /** How the connected proxies stand to this very snapshot: a report on an earlier one would prove nothing. */
  readonly proxies: readonly ProxyReport[];
  readonly certificates: CertificateReport;
  /** Absent where this operator gives nobody a sidecar. */
  readonly workloads?: WorkloadReport | undefined;
  /** Statuses by refKey as they were before, for lastTransitionTime. */
  readonly previous: ReadonlyMap<string, ObjectStatus>;
  readonly now: Date;
}

/** One update for each verdict, in their order. A status that did not change is the object in `previous` itself. */
export function aggregate(input: AggregateInput): StatusUpdate[] {
  const published: Published =
    input.snapshot === null
      ? null
      : { snapshot: input.snapshot, acks: new AckIndex(input.snapshot, input.proxies) };
  // Written out once: the same text for thousands of conditions.
  const at = timestamp(input.now);
  const timed = { ...input, at };
  return input.verdicts.map((verdict) => {
    const ref = refOfOrigin(verdict.origin);
    return {
      ref,
      status: continueStatus(input.previous.get(refKey(ref)), statusOf(verdict, published, timed)),
    };
  });
}

type TimedInput = AggregateInput & { readonly at: string };

function statusOf(verdict: Verdict, published: Published, input: TimedInput): ObjectStatus {
  const { origin } = verdict;
  const accepted = verdict.conditions.every(
    ({ type, status }) => type !== conditionType.accepted || status === 'True',
  );
  const programmed = programmedOf(origin, accepted, published);
  const drafts = [...verdict.conditions, programmed.condition];
  if (origin.kind !== 'Mesh') {
    return { conditions: conditions(drafts, origin, input.at), proxies: counts(programmed) };
  }
  const ready = readyOf(accepted, input);
  // Another Mesh than the one in force has no proxies, no workloads and no certificates.
  if (!accepted && programmed.total === 0)
    return { conditions: conditions([...drafts, ready], origin, input.at) };
  const injected = input.workloads === undefined ? [] : [injectedOf(input.workloads)];
  return {
    conditions: conditions([...drafts, ready, ...injected], origin, input.at),
    proxies: meshCounts(input.proxies),
    ...workloadsOf(input.workloads),
    ...certificatesOf(input.certificates),
  };
}

function workloadsOf(report: WorkloadReport | undefined): Pick<ObjectStatus, 'workloads'> {
  if (report === undefined) return {};
  const { injected, pending, refused } = report;
  return { workloads: { injected, pending, refused } };
}

const order = [
  conditionType.accepted,
  conditionType.resolvedRefs,
  conditionType.overridden,
  conditionType.programmed,
  conditionType.ready,
  conditionType.injected,
];

function conditions(
  drafts: readonly ConditionDraft[],
  { generation }: Origin,
  at: string,
): ObjectStatus['conditions'] {
  return drafts
    .toSorted((a, b) => order.indexOf(a.type) - order.indexOf(b.type))
    .map((draft) => conditionOf(draft, generation, at));
}

function counts({ programmed, total }: Programmed): NonNullable<ObjectStatus['proxies']> {
  return { programmed, total, summary: `${programmed}/${total}` };
}

function meshCounts(proxies: readonly ProxyReport[]): NonNullable<MeshStatus['proxies']> {
  const connected = proxies.length;
  const current = proxies.filter(({ lagging }) => lagging.length === 0).length;
  const rejecting = proxies.filter(({ rejected }) => rejected.length > 0).length;
  return { connected, current, rejecting, summary: `${current}/${connected}` };
}

function certificatesOf({
  rootNotAfter,
  nextRenewal,
}: CertificateReport): Pick<ObjectStatus, 'certificates'> {
  if (rootNotAfter === undefined && nextRenewal === undefined) return {};
  return {
    certificates: {
      ...(rootNotAfter && { rootNotAfter: timestamp(rootNotAfter) }),
      ...(nextRenewal && { nextRenewal: timestamp(nextRenewal) }),
    },
  };
}

function readyOf(accepted: boolean, { certificates, now }: AggregateInput): ConditionDraft {
  const problems = certificateProblems(certificates, now);
  const type = conditionType.ready;
  if (problems.length > 0) {
    return { type, status: 'False', reason: reason.certificateNotReady, message: problems.join(' ') };
  }
  if (!accepted) {
    return {
      type,
      status: 'False',
      reason: reason.notAccepted,
      message: 'This Mesh is not accepted: do what the Accepted condition says.',
    };
  }
  return {
    type,
    status: 'True',
    reason: reason.ready,
    message: 'Certificates are issued and configuration is served.',
  };
}

function certificateProblems({ problems, rootNotAfter }: CertificateReport, now: Date): readonly string[] {
  if (problems.length > 0) return problems;
  if (rootNotAfter === undefined)
    return ['There is no root certificate yet: wait, or look at the log of the operator.'];
  if (rootNotAfter <= now) return [`The root certificate expired at ${timestamp(rootNotAfter)}: replace it.`];
  return [];
}

function refOfOrigin({ kind, namespace, name }: Origin): ObjectRef {
  switch (kind) {
    case 'Mesh':
    case 'TrafficPolicy':
    case 'SecurityPolicy':
    case 'ExternalWorkload':
      return { kind, namespace, name };
    default:
      throw new Error(`There is a verdict on a ${kind}, which has no status of ours.`);
  }
}
