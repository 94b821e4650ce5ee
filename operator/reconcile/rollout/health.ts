// How a workload is doing with its present template. Pure.
import type { LiveWorkload } from '../../ports/workload-port.ts';

export type Health =
  /** Its pods are as the template says, and available; or they are not made anew by themselves. */
  | { readonly type: 'complete' }
  | { readonly type: 'progressing' }
  /** It will not get there without help; message: the controller's words. */
  | { readonly type: 'failed'; readonly message: string };

export function healthOf({ generation, rollout }: LiveWorkload): Health {
  if (rollout.observedGeneration < generation) return { type: 'progressing' };
  if (rollout.isPaused || !rollout.isAutomatic) return { type: 'complete' };
  const isThere = rollout.updated >= rollout.wanted && rollout.outdated === 0;
  if (isThere && rollout.available >= rollout.wanted) return { type: 'complete' };
  return rollout.failure === undefined
    ? { type: 'progressing' }
    : { type: 'failed', message: rollout.failure };
}

/** Whether rolling it takes pods away that serve: then it waits its turn. */
export function isServing({ rollout }: LiveWorkload): boolean {
  return rollout.available > 0 && !rollout.isPaused && rollout.isAutomatic;
}
