// Ports that policies name although no Service leads to them, and those whose own mode is stored: they become ports of their own, so that they
// can be told from others.
import type { SecurityPolicy } from '../../../../api/v1alpha1/security/policy.ts';
import { rememberEach } from '../../../values/remember.ts';
import type { ServedPort, ServedPorts } from '../../facts/served-ports.ts';
import type { SecurityAttachments } from './attach.ts';

/** Of a workload: each has filter chains of its own. Of the others a policy is read on the safe side. */
export const maxNamedPorts = 64;

const unknownService: ServedPort = { protocol: 'TCP', isDeclared: false, services: [], servicePorts: [] };

/** Ports that a policy names: for a mode of their own, in rules, in exceptions from its tokens, and for its authorizer. Sorted. */
export const portsNamed = rememberEach((policy: SecurityPolicy): readonly number[] => {
  const { spec } = policy;
  const requests = [
    ...(spec.authentication?.exceptions ?? []),
    ...(spec.authorization?.rules ?? []).flatMap(({ to }) => to),
    ...(spec.authorization?.external?.to ?? []),
  ];
  const named = requests.flatMap(({ ports, not }) => [...ports, ...(not?.ports ?? [])]);
  return [...new Set([...named, ...portsWithMode(policy)])].toSorted((a, b) => a - b);
});

/** Those that have a mode of mutual TLS of their own. */
export function portsWithMode({ spec }: SecurityPolicy): readonly number[] {
  return spec.mtls?.ports.map(({ port }) => port) ?? [];
}

/** Whether a port is told apart only because a policy names it, or its mode is stored: without that it would be one of those that no Service names. */
export function isOnlyNamed(port: ServedPort | undefined): boolean {
  return port === unknownService;
}

/** apart: by workload, ports whose stored mode is not that of the others; the most important first. */
export function withNamedPorts(
  served: ServedPorts,
  { byWorkload, policies }: SecurityAttachments,
  apart: ReadonlyMap<string, readonly number[]>,
): ServedPorts {
  if (apart.size === 0 && policies.every((policy) => portsNamed(policy).length === 0)) return served;
  const all = new Map(served);
  for (const workload of new Set([...byWorkload.keys(), ...apart.keys()])) {
    const attached = byWorkload.get(workload) ?? [];
    const known = served.get(workload) ?? new Map<number, ServedPort>();
    // Of a Service, only its own ports are guarded.
    const everywhere = attached.filter(({ ports }) => ports === null);
    const missing = (ports: typeof portsNamed): readonly number[] =>
      everywhere
        .flatMap(({ policy }) => ports(policy))
        .filter((port) => !known.has(port))
        .toSorted((a, b) => a - b);
    const stored = (apart.get(workload) ?? []).filter((port) => !known.has(port));
    // Of a port that is not told apart, a rule can still be read on the safe side; a mode could not.
    const named = new Set([...missing(portsWithMode), ...stored, ...missing(portsNamed)]);
    if (named.size === 0) continue;
    const more = [...named].slice(0, maxNamedPorts).toSorted((a, b) => a - b);
    all.set(workload, new Map([...known, ...more.map((port) => [port, unknownService] as const)]));
  }
  return all;
}
