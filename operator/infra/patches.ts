// What is written into a workload, as request bodies. Pure: reconcile decides which, platform/kubernetes sends them.
//
// Server-side apply appends to lists, and ours must come first. So a workload with init containers of the user's
// takes two: the first names all of them in order (the user's by name alone), the second gives the user's names back.
// The second is not optional: as a co-owner of the names we would keep stumps of containers the user removes alive.
import { ownContainers } from './pod-names.ts';
import { injectedKey, restartedKey, revisionLabel } from '../values/own-names.ts';
import { certificateVolume, sdsAnnotations } from '../values/pod-certificates.ts';
import type { NamedPart, SidecarPart } from './sidecar.ts';
import type { WorkloadKind } from '../values/workload-kinds.ts';

type Json = Readonly<Record<string, unknown>>;

export interface PatchTarget {
  readonly kind: WorkloadKind;
  readonly namespace: string;
  readonly name: string;
  /** As read: another object of that name is a conflict instead of a creation. */
  readonly uid: string;
}

/** Ours, and nothing else. */
export function ownPatch(target: PatchTarget, part: SidecarPart): Json {
  return applied(target, part, { initContainers: part.initContainers });
}

/** Ours before the user's init containers, in the order these have at resourceVersion. */
export function orderingPatch(
  target: PatchTarget,
  part: SidecarPart,
  user: { readonly initContainers: readonly string[]; readonly resourceVersion: string },
): Json {
  const names: readonly NamedPart[] = user.initContainers.map((name) => ({ name }));
  const { resourceVersion } = user;
  return applied(target, part, { initContainers: [...part.initContainers, ...names], resourceVersion });
}

function applied(
  { kind, ...identity }: PatchTarget,
  { labels, annotations, volumes }: SidecarPart,
  { initContainers, ...version }: { initContainers: readonly NamedPart[]; resourceVersion?: string },
): Json {
  return {
    apiVersion: apiVersionOf(kind),
    kind,
    metadata: { ...identity, ...version, labels: { [injectedKey]: 'true' } },
    spec: inTemplate(kind, { metadata: { labels, annotations }, spec: { initContainers, volumes } }),
  };
}

/**
 * A strategic merge patch that takes our part out whoever owns it by now (after `kubectl rollout undo` or a forced
 * apply it is not us alone). Changes nothing where there is nothing of ours. restarted: as restartPatch, in the same write.
 */
export function removalPatch(kind: WorkloadKind, restarted?: string): Json {
  const gone = Object.fromEntries(ownAnnotations.map((key) => [key, null]));
  const annotations = { ...gone, ...(restarted !== undefined && { [restartedKey]: restarted }) };
  return {
    metadata: { labels: { [injectedKey]: null } },
    spec: inTemplate(kind, {
      metadata: { labels: { [revisionLabel]: null }, annotations },
      spec: { initContainers: ownContainers.map(deleted), volumes: [deleted(certificateVolume)] },
    }),
  };
}

/** Makes new pods, for which the API server adds the sidecar or no longer does. Nothing else of the template changes. */
export function restartPatch(kind: WorkloadKind, restarted: string): Json {
  return { spec: inTemplate(kind, { metadata: { annotations: { [restartedKey]: restarted } } }) };
}

/** The value of the annotation for pods without a sidecar. */
export const noRevision = 'none';

/** On pod templates. */
export const ownAnnotations: readonly string[] = [injectedKey, sdsAnnotations.leaf, sdsAnnotations.roots];

function deleted(name: string): Json {
  return { $patch: 'delete', name };
}

function inTemplate(kind: WorkloadKind, template: Json): Json {
  return kind === 'CronJob' ? { jobTemplate: { spec: { template } } } : { template };
}

function apiVersionOf(kind: WorkloadKind): string {
  return kind === 'CronJob' ? 'batch/v1' : 'apps/v1';
}
