// Ports that rules name although no Service leads to them: they become ports of their own, so that the rules can tell them from others.
import type { SecurityPolicy } from '../../../../api/v1alpha1/security/policy.ts';
import { rememberEach } from '../../../values/remember.ts';
import type { ServedPort, ServedPorts } from '../../facts/served-ports.ts';
import type { SecurityAttachments } from './attach.ts';

/** Of a workload: each is a filter chain of its own. Of the others a rule is read on the safe side. */
export const maxNamedPorts = 64;

const unknownService: ServedPort = { protocol: 'TCP', isDeclared: false, services: [], servicePorts: [] };

/** All ports that the rules of a policy name, the exceptions from its tokens, and what its authorizer is asked about. Sorted. */
export const portsNamed = rememberEach(({ spec }: SecurityPolicy): readonly number[] => {
  const requests = [
    ...(spec.authentication?.exceptions ?? []),
    ...(spec.authorization?.rules ?? []).flatMap(({ to }) => to),
    ...(spec.authorization?.external?.to ?? []),
  ];
  const named = requests.flatMap(({ ports, not }) => [...ports, ...(not?.ports ?? [])]);
  return [...new Set(named)].toSorted((a, b) => a - b);
});

export function withNamedPorts(
  served: ServedPorts,
  { byWorkload, policies }: SecurityAttachments,
): ServedPorts {
  if (policies.every((policy) => portsNamed(policy).length === 0)) return served;
  const all = new Map(served);
  for (const [workload, attached] of byWorkload) {
    const known = served.get(workload) ?? new Map<number, ServedPort>();
    // Of a Service, only its own ports are guarded.
    const everywhere = attached.filter(({ ports }) => ports === null);
    const named = new Set(
      everywhere.flatMap(({ policy }) => portsNamed(policy)).filter((port) => !known.has(port)),
    );
    if (named.size === 0) continue;
    const more = [...named].toSorted((a, b) => a - b).slice(0, maxNamedPorts);
    all.set(workload, new Map([...known, ...more.map((port) => [port, unknownService] as const)]));
  }
  return all;
}
