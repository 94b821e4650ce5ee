// Who of several operators writes: certificates into Secrets, sidecars into workloads, statuses. All others serve, and
// wait for their turn.
import { systemClock } from '../process/clock.ts';
import type { Log } from '../process/log.ts';
import type { Component } from '../process/lifecycle.ts';
import type { LeasePort } from '../ports/lease-port.ts';
import { createLeaderElection } from '../replicas/lease.ts';

/** A part of the operator that writes while it leads. */
export interface LeaderCallbacks {
  onStartedLeading(): void;
  /** Resolves when nothing is written any more. */
  onStoppedLeading(): Promise<void>;
}

export interface LeadershipOptions {
  /** undefined: there is one operator, and it leads. */
  readonly leases: LeasePort | undefined;
  /** Different for each operator, and for each start of it. Asked for at the start. */
  readonly identity: () => string;
  readonly parts: readonly LeaderCallbacks[];
  /** Called with the identity of the leader as often as it changes; '' when there is none. */
  readonly onHolder: (holder: string) => void;
  readonly log: Log;
}

export function createLeadership({ leases, identity, parts, onHolder, log }: LeadershipOptions): Component {
  const onStartedLeading = (): void => parts.forEach((part) => part.onStartedLeading());
  const onStoppedLeading = async (): Promise<void> => {
    await Promise.all(parts.map((part) => part.onStoppedLeading()));
  };
  if (leases === undefined) return alone(onStartedLeading, onStoppedLeading);
  return startingLate('leader', () =>
    createLeaderElection({
      port: leases,
      identity: identity(),
      clock: systemClock,
      log,
      onStartedLeading,
      onStoppedLeading,
      onHolder,
    }),
  );
}

/** Made when it starts, as it needs to know what only then is known. */
function startingLate(name: string, make: () => Component): Component {
  let made: Component | undefined;
  const start = async (): Promise<void> => {
    made = make();
    await made.start();
  };
  return { name, start, stop: async () => made?.stop(), ready: () => made?.ready() ?? false };
}

function alone(onStartedLeading: () => void, onStoppedLeading: () => Promise<void>): Component {
  const start = (): Promise<void> => {
    onStartedLeading();
    return Promise.resolve();
  };
  return { name: 'leader', start, stop: onStoppedLeading, ready: () => true };
}
