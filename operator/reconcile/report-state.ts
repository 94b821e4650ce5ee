// Notes how a workload is, and tells of it where it is new: a line in the log, and an Event if somebody has to act.
import { fingerprint } from '../values/fingerprint.ts';
import type { Log } from '../process/log.ts';
import type { WorkloadEvent, WorkloadPort } from '../ports/workload-port.ts';
import type { Memory } from './memory.ts';
import { isTrouble, type WorkloadState } from '../conditions/workload-report.ts';
import type { Step } from './workload/step.ts';

export interface ReportStateOptions {
  readonly port: Pick<WorkloadPort, 'event'>;
  readonly log: Log;
  readonly onChange: () => void;
}

/** An Event that cannot be written is no reason to do the work again. */
export async function reportState(
  { port, log, onChange }: ReportStateOptions,
  { states }: Memory,
  key: string,
  { state, live }: Step,
): Promise<void> {
  const previous = states.get(key);
  if (state === null) states.delete(key);
  else states.set(key, state);
  if (fingerprint(previous ?? null) === fingerprint(state)) return;
  onChange();
  if (nameOf(previous) !== nameOf(state))
    log.info({ workload: key, state: nameOf(state) }, 'workload state changed');
  if (state === null || live === undefined) return;
  try {
    for (const event of eventsOf(state)) await port.event(live, event);
  } catch (error) {
    log.warn({ workload: key, error }, 'event write failed');
  }
}

function eventsOf(state: WorkloadState): readonly WorkloadEvent[] {
  if (isTrouble(state)) return [{ type: 'Warning', reason: state.reason, message: state.message }];
  if (state.type !== 'injected' || state.notices === undefined) return [];
  return [{ type: 'Warning', reason: 'ProbeChanged', message: state.notices.join(' ') }];
}

function nameOf(state: WorkloadState | null | undefined): string {
  if (state === null || state === undefined) return 'outside';
  return state.type === 'injected' ? state.type : state.reason;
}
