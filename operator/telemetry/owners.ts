// Who has an address, as far as pods tell. Pure.
import type { Pod } from '../objects/objects.ts';
import { podAddresses } from '../translate/facts/pod-address.ts';

/** `Pod shop/curl`; `Node worker-1`, if pods on the network of the node run there; null: nobody who is known. */
export function ownersOf(pods: readonly Pod[]): (address: string) => string | null {
  const owners = new Map<string, string>();
  for (const pod of pods) {
    const owner = ownerOf(pod);
    if (owner !== null) for (const address of podAddresses(pod)) owners.set(address, owner);
  }
  return (address) => owners.get(address) ?? null;
}

function ownerOf({ metadata: { namespace = '', name }, spec, status }: Pod): string | null {
  if (spec.hostNetwork === true) return spec.nodeName === undefined ? null : `Node ${spec.nodeName}`;
  // The address of a pod that has ended may be another one's by now.
  const hasEnded = status?.phase === 'Succeeded' || status?.phase === 'Failed';
  return hasEnded ? null : `Pod ${namespace}/${name}`;
}
