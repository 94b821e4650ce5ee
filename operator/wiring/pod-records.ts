// What pods remember of the policies that guard them, where there are pods; elsewhere nothing in its place.
import { createPodRecords } from '../reconcile/pod-records.ts';
import type { Context, Made, Reads } from './part.ts';

export interface PodRecordsContext extends Pick<Context, 'clock' | 'log'> {
  readonly platform: Pick<Context['platform'], 'pods'>;
}

export function createPodRecording(
  { translation }: Reads<'translation'>,
  { platform, clock, log }: PodRecordsContext,
): Made {
  if (platform.pods === undefined) return {};
  const records = createPodRecords({ pods: platform.pods, clock, log });
  translation.subscribe(() => records.set(translation.get().podRecords));
  return { leaderCallbacks: records };
}
