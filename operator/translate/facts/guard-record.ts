// What guarded a pod, as its annotation remembers it: the only place that stays when the target of a policy is deleted or the pod
// is relabelled, that survives restarts of the operator, and that is the same for all of its replicas.
import { z } from 'zod';

const GuardRecordShape = z.object({
  /** Port → protocol, as Services led to it. */
  ports: z.record(z.string().regex(/^[1-9][0-9]{0,4}$/), z.enum(['HTTP', 'TCP'])),
  guards: z.array(
    z.object({
      /** Name of a SecurityPolicy of the pod's namespace. */
      policy: z.string(),
      kind: z.enum(['Service', 'Deployment', 'StatefulSet', 'DaemonSet', 'Selector']),
      /** Of the policy's target; of a selector its labels, `app=reviews,version=v1`. */
      name: z.string(),
      /** null: all ports. */
      ports: z.array(z.int().min(1).max(65_535)).nullable(),
    }),
  ),
});
export type GuardRecord = Readonly<z.infer<typeof GuardRecordShape>>;
export type RecordedGuard = GuardRecord['guards'][number];

/** Null: a target that a pod cannot be parted from. */
export function recordedKind(kind: string): RecordedGuard['kind'] | null {
  const read = GuardRecordShape.shape.guards.element.shape.kind.safeParse(kind);
  return read.success ? read.data : null;
}

/** null: there is none, or it is not one that we wrote. */
export function readGuardRecord(annotation: string | undefined): GuardRecord | null {
  if (annotation === undefined) return null;
  try {
    const read = GuardRecordShape.safeParse(JSON.parse(annotation));
    return read.success ? read.data : null;
  } catch {
    return null;
  }
}

/** The same text for the same record. guards: in any order. */
export function writeGuardRecord({ ports, guards }: GuardRecord): string {
  const texts = guards.map(({ policy, kind, name, ports: held }) =>
    JSON.stringify({ policy, kind, name, ports: held?.toSorted((a, b) => a - b) ?? null }),
  );
  // Keys that are numbers come in the order of the numbers.
  return `{"ports":${JSON.stringify(ports)},"guards":[${texts.toSorted().join()}]}`;
}
