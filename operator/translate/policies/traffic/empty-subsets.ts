// Subsets whose labels match none of the endpoints of a service: requests that are routed there fail.
import type { ServicePortIr, SubsetIr } from '../../../ir/service.ts';
import { originKey } from '../../../ir/origin.ts';
import { rememberItems } from '../../../values/remember.ts';
import { isSameValue } from '../../../values/same-value.ts';
import { declaredName } from './references.ts';

/** By originKey of the policy that declares the subset. */
export type EmptySubsets = Readonly<Record<string, readonly EmptySubset[]>>;

export interface EmptySubset {
  /** As the policy declares it. */
  readonly subset: string;
  /** Of the SubsetIr. */
  readonly name: string;
  /** `shop/reviews/9080` */
  readonly service: string;
  readonly protocol: ServicePortIr['protocol'];
}

/** The same object as in the batch before while the same subsets are empty. */
export function createEmptySubsetFinder(): (services: readonly ServicePortIr[]) => EmptySubsets {
  let last: EmptySubsets = {};
  return (services) => {
    const found = emptySubsets(services);
    if (!isSameValue(last, found)) last = found;
    return last;
  };
}

function emptySubsets(services: readonly ServicePortIr[]): EmptySubsets {
  const found: Record<string, EmptySubset[]> = {};
  for (const { policy, empty } of emptyIn(services).flat()) (found[policy] ??= []).push(empty);
  return found;
}

/** By originKey of the policy. */
const emptyIn = rememberItems((service: ServicePortIr) =>
  declaredFor(service)
    .filter(({ endpoints }) => endpoints.length === 0)
    .flatMap(({ name, origins }) =>
      origins
        .filter(({ kind }) => kind === 'TrafficPolicy')
        .map((origin) => ({ policy: originKey(origin), empty: emptySubset(service, name) })),
    ),
);

function emptySubset({ key, protocol }: ServicePortIr, name: string): EmptySubset {
  return { subset: declaredName(name), name, service: key, protocol };
}

/** Each once: several audiences may have the same. */
function declaredFor({ subsets, consumers }: ServicePortIr): readonly SubsetIr[] {
  const all = [...subsets, ...consumers.flatMap((consumer) => consumer.subsets)];
  return [...new Map(all.map((subset) => [subset.name, subset])).values()];
}
