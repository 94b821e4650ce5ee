// The addresses of a pod, and whether they are its own.
import type { Pod } from '../../objects/objects.ts';

/** The primary one first. */
export function podAddresses({ status }: Pod): readonly string[] {
  const all = (status?.podIPs ?? []).map(({ ip }) => ip);
  if (all.length > 0) return all;
  return status?.podIP === undefined || status.podIP === '' ? [] : [status.podIP];
}

/** Not finished, and not on the network of its node. */
export function runsOnItsOwnAddress({ spec, status }: Pod): boolean {
  return spec.hostNetwork !== true && status?.phase !== 'Succeeded' && status?.phase !== 'Failed';
}
