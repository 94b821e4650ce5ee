// Which of several operators leads: whoever holds the Lease. Entry: createLeaderElection. Other clocks are not
// believed: a holder counts as gone when its record has not changed for its duration, on our own clock, which must be
// a monotonic one. A leader that cannot renew gives up well before others may take over.
import type { Log } from '../log.ts';
import type { Component } from '../lifecycle.ts';
import type { LeasePort, LeaseRecord, StoredLease } from '../platform/lease-port.ts';

export interface LeaderElectionOptions {
  readonly port: LeasePort;
  /** Different for each operator, and for each start of it. */
  readonly identity: string;
  readonly clock: {
    /** Monotonic, in milliseconds. */
    readonly nowMs: () => number;
    readonly after: (ms: number, run: () => void) => () => void;
    /** For people who read the Lease. */
    readonly wallTime: () => Date;
  };
  readonly log: Log;
  /** Default: 8,000 and 1,000 ms: a leader that was killed is replaced within 10 s. */
  readonly durationMs?: number;
  readonly retryMs?: number;
  readonly onLead: () => void;
  /** Resolves when nothing is written any more. */
  readonly onFollow: () => Promise<void>;
}

export interface LeaderElection extends Component {
  readonly name: 'leader-election';
  isLeading(): boolean;
}

export function createLeaderElection(options: LeaderElectionOptions): LeaderElection {
  const { port, identity, clock, log, onLead, onFollow, durationMs = 8000, retryMs = 1000 } = options;
  const giveUpMs = (durationMs * 2) / 3;
  let seen: { readonly lease: StoredLease; readonly sinceMs: number } | undefined;
  let isLeading = false;
  let isStopped = false;
  let following: Promise<void> = Promise.resolve();
  let ticking: Promise<void> = Promise.resolve();
  let cancelTick = (): void => undefined;
  let cancelGiveUp = (): void => undefined;

  const stepDown = (): void => {
    cancelGiveUp();
    if (!isLeading) return;
    isLeading = false;
    log.warn({ identity }, 'no longer the leader');
    following = onFollow();
  };
  const renewed = (atMs: number): void => {
    cancelGiveUp();
    cancelGiveUp = clock.after(Math.max(giveUpMs - (clock.nowMs() - atMs), 0), stepDown);
    if (isLeading) return;
    isLeading = true;
    log.info({ identity }, 'the leader now');
    onLead();
  };
  const note = (lease: StoredLease | undefined): void => {
    if (lease === undefined) seen = undefined;
    else if (seen?.lease.resourceVersion !== lease.resourceVersion) seen = { lease, sinceMs: clock.nowMs() };
  };
  const mayTake = (): boolean => {
    if (seen === undefined || seen.lease.holder === identity || seen.lease.holder === '') return true;
    return clock.nowMs() - seen.sinceMs >= seen.lease.durationSeconds * 1000;
  };
  const attempt = async (): Promise<void> => {
    note(await port.read());
    if (!mayTake()) {
      stepDown();
      return;
    }
    // A leader whose writes have not ended must not lead again beside itself.
    await following;
    const atMs = clock.nowMs();
    const record = {
      ...recordOf(identity, durationMs / 1000, seen?.lease),
      renewTime: microTime(clock.wallTime()),
    };
    const outcome = await port.write(record, seen?.lease);
    if (outcome === 'written' && !isStopped && clock.nowMs() - atMs < giveUpMs) renewed(atMs);
  };
  const tick = async (): Promise<void> => {
    try {
      await attempt();
    } catch (error) {
      log.warn({ error }, 'lease not reached');
    }
    if (!isStopped) {
      cancelTick = clock.after(retryMs, () => {
        ticking = tick();
      });
    }
  };
  const release = async (): Promise<void> => {
    const lease = await port.read();
    if (lease?.holder !== identity) return;
    await port.write(
      { ...lease, holder: '', durationSeconds: 1, renewTime: microTime(clock.wallTime()) },
      lease,
    );
  };

  return {
    name: 'leader-election',
    isLeading: () => isLeading,
    ready: () => true,
    start: () => {
      ticking = tick();
      return Promise.resolve();
    },
    stop: async () => {
      isStopped = true;
      cancelTick();
      await ticking;
      cancelTick();
      stepDown();
      await following;
      await release();
    },
  };
}

function recordOf(
  identity: string,
  durationSeconds: number,
  previous: LeaseRecord | undefined,
): Omit<LeaseRecord, 'renewTime'> {
  const isNew = previous?.holder !== identity;
  return { holder: identity, durationSeconds, transitions: (previous?.transitions ?? 0) + (isNew ? 1 : 0) };
}

/** `2026-01-31T12:00:00.000000Z` */
function microTime(time: Date): string {
  return time.toISOString().replace('Z', '000Z');
}
