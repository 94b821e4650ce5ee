// Who has an address in the cluster: a Service by its cluster IPs, which the API server gives out once, and a pod by its
// status, which the kubelet writes. An ExternalWorkload only says where it is: it cannot take an address that one of them has, nor
// one that is, to each pod, the pod itself.
import type { ExternalWorkload } from '../../../api/v1alpha1/external-workload.ts';
import type { Pod, Service } from '../../objects/objects.ts';
import { compareText } from '../../values/compare-text.ts';
import { canonicalAddress, isInRange } from '../../values/ip-address.ts';
import { rememberByKey } from '../../values/remember.ts';
import { runsOnItsOwnAddress, podAddresses } from './pod-address.ts';

/** ExternalWorkload, as `namespace/name` → the owner of the address that it claims, for example `Service shop/reviews`. */
export type AddressConflicts = Readonly<Record<string, string>>;

/** Finds the conflicts; the same object as before while they are the same. */
export function createConflictFinder(): (
  external: readonly ExternalWorkload[],
  services: readonly Service[],
  pods: readonly Pod[],
) => AddressConflicts {
  const memory = rememberByKey<AddressConflicts>();
  return (external, services, pods) =>
    memory.get('all', external.length === 0 ? [] : [external, services, pods], () =>
      addressConflicts(external, services, pods),
    );
}

function addressConflicts(
  external: readonly ExternalWorkload[],
  services: readonly Service[],
  pods: readonly Pod[],
): AddressConflicts {
  if (external.length === 0) return {};
  const owners = addressOwners(services, pods);
  return Object.fromEntries(
    external.flatMap(({ metadata, spec }) => {
      const address = canonicalAddress(spec.address);
      const owner = owners.get(address) ?? (pods.length > 0 && isLoopback(address) ? eachCaller : undefined);
      return owner === undefined ? [] : [[nameOf(metadata), owner] as const];
    }),
  );
}

/** A pod that called it would reach its own application, past its own sidecar and the policies that guard it. */
const eachCaller = 'the pod of each caller';

function isLoopback(address: string): boolean {
  return isInRange(address, '127.0.0.0', 8) || isInRange(address, '::1', 128);
}

/**
 * Address → `Service shop/reviews` or `Pod shop/reviews-1`. If several pods have an address for a moment, as when one has just ended, the
 * first by name is named, in whatever order they come.
 */
export function addressOwners(
  services: readonly Service[],
  pods: readonly Pod[],
): ReadonlyMap<string, string> {
  const owners = new Map<string, string>();
  for (const pod of pods) {
    if (!runsOnItsOwnAddress(pod)) continue;
    const owner = `Pod ${nameOf(pod.metadata)}`;
    for (const address of podAddresses(pod)) {
      const known = owners.get(address);
      if (known === undefined || compareText(owner, known) < 0) owners.set(address, owner);
    }
  }
  for (const { metadata, spec } of services) {
    for (const address of spec.clusterIPs ?? [spec.clusterIP ?? '']) {
      if (address !== '' && address !== 'None') owners.set(address, `Service ${nameOf(metadata)}`);
    }
  }
  return owners;
}

function nameOf({ namespace = '', name }: { readonly namespace?: string; readonly name: string }): string {
  return `${namespace}/${name}`;
}
