// What is made of the records on pods, beside guards: ports that stay known, sentences for policies, and what the records should say.
import type { PodRecord } from '../../../ir/pod-record.ts';
import { byText } from '../../../values/compare-text.ts';
import { guardedByKey } from '../../../values/own-names.ts';
import { type GuardRecord, recordedKind, writeGuardRecord } from '../../facts/guard-record.ts';
import type { ServedPort, ServedPorts } from '../../facts/served-ports.ts';
import { listed } from '../../facts/verdicts.ts';
import type { WorkloadIndex } from '../../facts/workload.ts';
import { type Attachment, holdsAt, type Kept, type SecurityAttachments } from './attach.ts';
import { targetTitle } from './targets.ts';

/** Ports to which Services led when they were guarded stay ports of their own: rules about requests need to see some. */
export function withKeptPorts(
  served: ServedPorts,
  { all }: WorkloadIndex,
  { byWorkload }: SecurityAttachments,
): ServedPorts {
  const recorded = all.filter(({ guardRecord }) => guardRecord !== null);
  const more = recorded.flatMap(
    (workload): readonly (readonly [string, ReadonlyMap<number, ServedPort>])[] => {
      const attached = byWorkload.get(workload.key) ?? [];
      const known = served.get(workload.key) ?? new Map<number, ServedPort>();
      const ports = Object.entries(workload.guardRecord?.ports ?? {})
        .map(
          ([port, protocol]) =>
            [Number(port), { protocol, isDeclared: true, services: [], servicePorts: [] }] as const,
        )
        .filter(([port]) => !known.has(port) && attached.some((attachment) => holdsAt(attachment, port)));
      return ports.length === 0 ? [] : [[workload.key, new Map([...known, ...ports])]];
    },
  );
  return more.length === 0 ? served : new Map([...served, ...more]);
}

/** Those whose annotation does not say yet, or no longer, what guards them; sorted. served: with kept ports. */
export function podRecords(
  { all }: WorkloadIndex,
  { byWorkload }: SecurityAttachments,
  served: ServedPorts,
): readonly PodRecord[] {
  const records = all.flatMap(({ key, namespace, name, meshed, source, guardRecord }) => {
    if (source.kind !== 'Pod' || meshed === null) return [];
    const value = recordOf(byWorkload.get(key) ?? [], guardRecord?.unknown ?? [], served.get(key));
    if (value === (source.metadata.annotations?.[guardedByKey] ?? null)) return [];
    return [{ namespace, name, uid: source.metadata.uid ?? '', value }];
  });
  return records.toSorted(byText(({ namespace, name }) => `${namespace}/${name}`));
}

function recordOf(
  attached: readonly Attachment[],
  unknown: GuardRecord['unknown'],
  served: ReadonlyMap<number, ServedPort> = new Map(),
): string | null {
  // Nearly always, and for each pod.
  if (attached.length + unknown.length === 0) return null;
  const guards = attached
    .filter(({ ports }) => ports === null || ports.size > 0)
    .flatMap(({ policy, target: { kind: of, name }, ports }) => {
      const kind = recordedKind(of);
      if (kind === null) return [];
      return [{ policy: policy.metadata.name, kind, name, ports: ports === null ? null : [...ports] }];
    });
  if (guards.length + unknown.length === 0) return null;
  const protocols = [...served].map(([port, { protocol }]) => [port, protocol]);
  return writeGuardRecord({ ports: Object.fromEntries(protocols), guards, unknown });
}

/** For the condition Accepted. */
export function keptNotes(kept: readonly Kept[] = [], namespace = ''): readonly string[] {
  return kept.map(
    ({ target, pods }) =>
      `This policy still applies to pods that ${targetTitle(target, namespace)} no longer selects, until they terminate: ${listed(pods)}.`,
  );
}
