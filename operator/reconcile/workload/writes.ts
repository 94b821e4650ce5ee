// The writes themselves: our part in, by one or two server-side applies, and out, by a strategic merge patch.
import { orderingPatch, ownAnnotations, ownPatch, removalPatch, restartPatch } from '../../infra/patches.ts';
import { ownContainers } from '../../infra/pod-names.ts';
import { certificateVolume } from '../../values/pod-certificates.ts';
import { revisionLabel } from '../../values/own-names.ts';
import type { SidecarPart } from '../../infra/sidecar.ts';
import type { LiveWorkload, WorkloadPort, WriteOutcome } from '../../ports/workload-port.ts';

export type PartWrite = Pick<WorkloadPort, 'apply'>;

/**
 * Ours into the template, before the user's init containers. Between the two requests of needsOrder we co-own the
 * user's names; whoever finds that (Actual.ownsForeign) sends the second one again.
 */
export async function writePart(
  port: PartWrite,
  live: LiveWorkload,
  { part, userInitContainers }: { part: SidecarPart; userInitContainers: readonly string[] | null },
): Promise<WriteOutcome> {
  const target = { ...live.ref, uid: live.uid };
  const byForce = { force: true, dryRun: false };
  if (userInitContainers !== null) {
    const user = { initContainers: userInitContainers, resourceVersion: live.resourceVersion };
    const first = await port.apply(live.ref, orderingPatch(target, part, user), byForce);
    if (first.type !== 'written') return first;
  }
  return await port.apply(live.ref, ownPatch(target, part), byForce);
}

/**
 * Ours as it stands, to set right who owns what and our label: pods must not be made anew for that, even if another
 * version of the operator has rendered it.
 */
export function presentPart({ template: { labels, annotations, spec } }: LiveWorkload): SidecarPart {
  const ours = Object.entries(annotations).filter(([key]) => ownAnnotations.includes(key));
  const revision = labels[revisionLabel];
  return {
    labels: revision === undefined ? {} : { [revisionLabel]: revision },
    annotations: Object.fromEntries(ours),
    initContainers: (spec.initContainers ?? []).filter(({ name }) => ownContainers.includes(name)),
    volumes: (spec.volumes ?? []).filter(({ name }) => name === certificateVolume),
  };
}

/** What the API server would answer to a first write of ours; a conflict: somebody else owns what we would write. */
export async function tryPart(port: PartWrite, live: LiveWorkload, part: SidecarPart): Promise<WriteOutcome> {
  const body = ownPatch({ ...live.ref, uid: live.uid }, part);
  return await port.apply(live.ref, body, { force: false, dryRun: true });
}

/** Whether a write would change the template. */
export async function wouldChange(port: PartWrite, live: LiveWorkload, part: SidecarPart): Promise<boolean> {
  const body = ownPatch({ ...live.ref, uid: live.uid }, part);
  const outcome = await port.apply(live.ref, body, { force: true, dryRun: true });
  return outcome.type === 'written' && outcome.workload.generation !== live.generation;
}

export async function removePart(
  port: Pick<WorkloadPort, 'merge'>,
  { ref }: Pick<LiveWorkload, 'ref'>,
): Promise<WriteOutcome> {
  return await port.merge(ref, removalPatch(ref.kind));
}

/** One write, and one rollout, also where our part goes. */
export async function restartPods(
  port: Pick<WorkloadPort, 'merge'>,
  { ref }: Pick<LiveWorkload, 'ref'>,
  { restarted, removesPart }: { readonly restarted: string; readonly removesPart: boolean },
): Promise<WriteOutcome> {
  const body = removesPart ? removalPatch(ref.kind, restarted) : restartPatch(ref.kind, restarted);
  return await port.merge(ref, body);
}
