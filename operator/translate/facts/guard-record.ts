// What guarded a pod, as its annotation remembers it: the only place that stays when the target of a policy is deleted or the pod
// is relabelled, that survives restarts of the operator, and that is the same for all of its replicas.
import { z } from 'zod';

const RecordedGuardShape = z.object({
  /** Name of a SecurityPolicy of the pod's namespace. */
  policy: z.string(),
  kind: z.enum(['Service', 'Deployment', 'StatefulSet', 'DaemonSet', 'Selector']),
  /** Of the policy's target; of a selector its labels, `app=reviews,version=v1`. */
  name: z.string(),
  /** null: all ports. */
  ports: z.array(z.int().min(1).max(65_535)).nullable(),
});
export type RecordedGuard = Readonly<z.infer<typeof RecordedGuardShape>>;

/** Of any version. */
const GuardShape = z.looseObject({ policy: z.string(), kind: z.string() });

const protocol = z.enum(['HTTP', 'TCP']);

const GuardRecordShape = z.object({
  /** Port → protocol, as Services led to it. One that only a later version knows is some kind of TCP. */
  ports: z.record(z.string().regex(/^[1-9][0-9]{0,4}$/), protocol.catch('TCP')),
  guards: z.array(z.unknown()),
});

export interface GuardRecord {
  readonly ports: Readonly<Record<string, z.infer<typeof protocol>>>;
  readonly guards: readonly RecordedGuard[];
  /** Guards of which only a later version of the operator knows all: kept as they are, because a replica of it may lead again. */
  readonly unknown: readonly unknown[];
}

/** Null: a target that a pod cannot be parted from. */
export function recordedKind(kind: string): RecordedGuard['kind'] | null {
  const read = RecordedGuardShape.shape.kind.safeParse(kind);
  return read.success ? read.data : null;
}

/** null: there is none, or it is not one that we wrote. */
export function readGuardRecord(annotation: string | undefined): GuardRecord | null {
  if (annotation === undefined) return null;
  try {
    const read = GuardRecordShape.safeParse(JSON.parse(annotation));
    return read.success ? { ports: read.data.ports, ...sorted(read.data.guards) } : null;
  } catch {
    return null;
  }
}

/** A guard of a known kind holds though a later version says more of it. */
function sorted(guards: readonly unknown[]): Pick<GuardRecord, 'guards' | 'unknown'> {
  return {
    guards: guards.flatMap((guard) => RecordedGuardShape.safeParse(guard).data ?? []),
    unknown: guards.filter(
      (guard) => GuardShape.safeParse(guard).success && !RecordedGuardShape.strict().safeParse(guard).success,
    ),
  };
}

/** The same text for the same record. guards: in any order. */
export function writeGuardRecord({ ports, guards, unknown }: GuardRecord): string {
  const known = guards.map(({ policy, kind, name, ports: held }) =>
    JSON.stringify({ policy, kind, name, ports: held?.toSorted((a, b) => a - b) ?? null }),
  );
  const texts = [...known, ...unknown.map((guard) => JSON.stringify(guard))];
  // Keys that are numbers come in the order of the numbers.
  return `{"ports":${JSON.stringify(ports)},"guards":[${texts.toSorted().join()}]}`;
}
