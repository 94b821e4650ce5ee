// Ports of mtls.ports that no target has, as far as that is known: a pod may listen on ports that nothing declares.
import type { SecurityPolicy } from '../../../../api/v1alpha1/security/policy.ts';
import { reason } from '../../../conditions/conditions.ts';
import { rememberEach } from '../../../values/remember.ts';
import { probesOf } from '../../facts/probes.ts';
import type { ServedPort, ServedPorts } from '../../facts/served-ports.ts';
import { listed, type Problem } from '../../facts/verdicts.ts';
import type { Workload, WorkloadIndex } from '../../facts/workload.ts';
import { type Attachment, holdsAt, type SecurityAttachments } from './attach.ts';
import { isOnlyNamed, portsWithMode } from './rule-ports.ts';

/** Of policies with targets. Sorted. */
export function undeclaredPorts(
  { byWorkload, policies }: SecurityAttachments,
  workloads: WorkloadIndex,
  served: ServedPorts,
): ReadonlyMap<SecurityPolicy, readonly number[]> {
  const missing = new Map<SecurityPolicy, Set<number>>();
  if (policies.every((policy) => portsWithMode(policy).length === 0)) return new Map();
  for (const [key, attached] of byWorkload) {
    const workload = workloads.byKey.get(key);
    if (workload === undefined) continue;
    for (const attachment of attached) {
      const { policy } = attachment;
      const left = [...(missing.get(policy) ?? portsWithMode(policy))];
      const still = left.filter((port) => !has(workload, port, attachment, served.get(key)));
      missing.set(policy, new Set(still));
    }
  }
  return new Map([...missing].map(([policy, ports]) => [policy, [...ports].toSorted((a, b) => a - b)]));
}

/** A policy for a Service is about ports that it leads to. */
function has(
  workload: Workload,
  port: number,
  attachment: Pick<Attachment, 'ports'>,
  served: ReadonlyMap<number, ServedPort> | undefined,
): boolean {
  if (!holdsAt(attachment, port)) return false;
  const known = served?.get(port);
  return (known !== undefined && !isOnlyNamed(known)) || declaredBy(workload.source).has(port);
}

const declaredBy = rememberEach((source: Workload['source']): ReadonlySet<number> => {
  if (source.kind !== 'Pod') return new Set(source.spec.ports.map(({ port }) => port));
  const { containers, initContainers = [] } = source.spec;
  const listening = [...initContainers, ...containers].flatMap(({ ports = [] }) =>
    ports.map(({ containerPort }) => containerPort),
  );
  return new Set([...listening, ...probesOf(source).keys()]);
});

export function portWarnings(ports: readonly number[] = []): readonly Problem[] {
  if (ports.length === 0) return [];
  const [list, them] = [listed(ports.map(String)), ports.length === 1 ? 'it' : 'them'];
  const message = `No target has port ${list} of mtls.ports: no Service leads to ${them}, and no container, probe or ExternalWorkload declares ${them}. Write ports of workloads, such as targetPort of a Service; declare those that nothing else tells of as containerPort.`;
  return [{ reason: reason.portNotFound, message }];
}
