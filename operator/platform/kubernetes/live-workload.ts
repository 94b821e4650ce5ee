// A workload as the API server prints it → LiveWorkload: the same words for all kinds. Entry: liveWorkload.
import { z } from 'zod';
import type { FieldManager, LiveTemplate, LiveWorkload, RolloutFacts } from '../../ports/workload-port.ts';
import type { WorkloadKind } from '../../values/workload-kinds.ts';

const texts = z.record(z.string(), z.string());
const count = z.number().nullish();

const SecurityContext = z.looseObject({ runAsUser: z.number().optional() });
const Container = z.looseObject({ name: z.string(), securityContext: SecurityContext.optional() });
const Template = z.object({
  metadata: z.object({ labels: texts.nullish(), annotations: texts.nullish() }).nullish(),
  spec: z.looseObject({
    serviceAccountName: z.string().optional(),
    hostNetwork: z.boolean().optional(),
    os: z.object({ name: z.string() }).optional(),
    nodeSelector: texts.optional(),
    terminationGracePeriodSeconds: z.number().optional(),
    securityContext: SecurityContext.optional(),
    initContainers: z.array(Container).optional(),
    containers: z.array(Container),
    volumes: z.array(z.looseObject({ name: z.string() })).optional(),
  }),
});

const Manager = z.object({
  manager: z.string().nullish(),
  operation: z.string().nullish(),
  subresource: z.string().nullish(),
  time: z.string().nullish(),
  fieldsV1: z.unknown(),
});

const Workload = z.object({
  metadata: z.object({
    namespace: z.string(),
    name: z.string(),
    uid: z.string(),
    resourceVersion: z.string(),
    generation: z.number().nullish(),
    deletionTimestamp: z.string().nullish(),
    labels: texts.nullish(),
    managedFields: z.array(Manager).nullish(),
  }),
  spec: z.object({
    template: Template.optional(),
    jobTemplate: z.object({ spec: z.object({ template: Template }) }).optional(),
    replicas: count,
    paused: z.boolean().nullish(),
    updateStrategy: z
      .object({ type: z.string().nullish(), rollingUpdate: z.object({ partition: count }).nullish() })
      .nullish(),
  }),
  status: z
    .object({
      observedGeneration: count,
      replicas: count,
      updatedReplicas: count,
      availableReplicas: count,
      desiredNumberScheduled: count,
      currentNumberScheduled: count,
      updatedNumberScheduled: count,
      numberAvailable: count,
      conditions: z
        .array(z.object({ type: z.string(), status: z.string(), message: z.string().nullish() }))
        .nullish(),
    })
    .nullish(),
});
type Workload = z.infer<typeof Workload>;

/** Throws if it is not of that kind's shape, which no API server of a supported version sends. */
export function liveWorkload(kind: WorkloadKind, answer: unknown): LiveWorkload {
  const workload = Workload.parse(answer);
  const { metadata, spec } = workload;
  const template = kind === 'CronJob' ? spec.jobTemplate?.spec.template : spec.template;
  if (template === undefined)
    throw new Error(`${kind} ${metadata.namespace}/${metadata.name} has no pod template`);
  return {
    ref: { kind, namespace: metadata.namespace, name: metadata.name },
    uid: metadata.uid,
    resourceVersion: metadata.resourceVersion,
    generation: metadata.generation ?? 0,
    isDeleting: (metadata.deletionTimestamp ?? '') !== '',
    labels: metadata.labels ?? {},
    managers: (metadata.managedFields ?? []).map((manager) => fieldManager(kind, manager)),
    template: liveTemplate(template),
    rollout: rolloutFacts(kind, workload),
  };
}

function liveTemplate({ metadata, spec }: z.infer<typeof Template>): LiveTemplate {
  return { labels: metadata?.labels ?? {}, annotations: metadata?.annotations ?? {}, spec };
}

function fieldManager(kind: WorkloadKind, entry: z.infer<typeof Manager>): FieldManager {
  const path =
    kind === 'CronJob' ? ['f:spec', 'f:jobTemplate', 'f:spec', 'f:template'] : ['f:spec', 'f:template'];
  return {
    name: entry.manager ?? '',
    operation: entry.operation ?? '',
    subresource: entry.subresource ?? '',
    timeMs: Date.parse(entry.time ?? ''),
    templateFields: path.reduce<unknown>(member, entry.fieldsV1),
  };
}

function member(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? new Map(Object.entries(value)).get(key) : undefined;
}

function rolloutFacts(kind: WorkloadKind, { spec, status, metadata }: Workload): RolloutFacts {
  return {
    isPaused: spec.paused === true,
    isAutomatic: isAutomatic(kind, spec),
    // The status of a CronJob is about its runs.
    observedGeneration: kind === 'CronJob' ? (metadata.generation ?? 0) : number(status?.observedGeneration),
    failure: failureOf(status),
    ...podCounts(kind, spec.replicas, status),
  };
}

type PodCounts = Pick<RolloutFacts, 'wanted' | 'updated' | 'outdated' | 'available'>;

function podCounts(
  kind: WorkloadKind,
  replicas: number | null | undefined,
  status: Workload['status'],
): PodCounts {
  switch (kind) {
    case 'CronJob':
      return { wanted: 0, updated: 0, outdated: 0, available: 0 };
    case 'DaemonSet':
      return daemonCounts(status);
    case 'Deployment':
    case 'StatefulSet': {
      const updated = number(status?.updatedReplicas);
      return {
        wanted: replicas ?? 1,
        updated,
        outdated: Math.max(number(status?.replicas) - updated, 0),
        available: number(status?.availableReplicas),
      };
    }
  }
}

function daemonCounts(status: Workload['status']): PodCounts {
  const updated = number(status?.updatedNumberScheduled);
  return {
    wanted: number(status?.desiredNumberScheduled),
    updated,
    outdated: Math.max(number(status?.currentNumberScheduled) - updated, 0),
    available: number(status?.numberAvailable),
  };
}

/** Go leaves zeros out. */
function number(value: number | null | undefined): number {
  return value ?? 0;
}

function isAutomatic(kind: WorkloadKind, { updateStrategy }: Workload['spec']): boolean {
  if (kind === 'CronJob') return false;
  return updateStrategy?.type !== 'OnDelete' && (updateStrategy?.rollingUpdate?.partition ?? 0) === 0;
}

/** Deployments only; the other controllers never give up. */
function failureOf(status: Workload['status']): string | undefined {
  const progressing = status?.conditions?.find(({ type }) => type === 'Progressing');
  return progressing?.status === 'False' ? (progressing.message ?? 'It makes no progress.') : undefined;
}
