// Whose sidecar counted a series: it takes no more than a share of all, whatever it reports. Pure.
import type { LabelName } from './families.ts';
import { kept } from './fold.ts';
import type { Labels } from './labels.ts';

/** All pods of a workload have the same labels, and are one owner. */
export interface Owner {
  readonly namespace: string;
  readonly workload: string;
  readonly serviceAccount: string;
  readonly reporter: string;
}

/** Of all series, what one owner may have. */
const share = 1 / 5;
/** So that little limits do not fold what is usual. */
const leastShare = 200;

export function shareOf(most: number): number {
  return Math.max(Math.floor(most * share), leastShare);
}

export function ownerOf(labels: Labels): Owner {
  const { reporter = '' } = labels;
  const [namespace = '', workload = '', serviceAccount = ''] = ownLabels(reporter).map(
    (name) => labels[name],
  );
  return { namespace, workload, serviceAccount, reporter };
}

/** What is not folded of it: who it is, and what is never folded. */
export function keptOf({ reporter }: Owner): ReadonlySet<LabelName> {
  return new Set([...kept, ...ownLabels(reporter)]);
}

function ownLabels(reporter: string): readonly LabelName[] {
  return reporter === 'source'
    ? ['source_namespace', 'source_workload', 'source_service_account']
    : ['destination_namespace', 'destination_workload', 'destination_service_account'];
}
