// What a workload is to have of a snapshot. Pure.
import type { Snapshot } from '../snapshot/types.ts';
import { viewOf, type View } from '../session/view.ts';

/** undefined: the snapshot does not know the workload; null: its layers, or the snapshot, are still to be built. */
export function viewIn(
  snapshot: Snapshot | null,
  workload: string,
  before: View | null,
): View | null | undefined {
  if (snapshot === null) return null;
  const layers = snapshot.views.get(workload);
  if (layers === undefined) return undefined;
  return layers.every((id) => snapshot.layers.has(id)) ? viewOf(snapshot, layers, before) : null;
}
