// Who of several operators writes: certificates into Secrets, sidecars into workloads, statuses. All others serve, and
// wait for their turn.
import type { Component } from '../process/lifecycle.ts';
import { createLeaderElection } from '../replicas/lease.ts';
import { holderOf } from './addresses.ts';
import type { Context, LeaderCallbacks, Made, Reads, Writes } from './part.ts';

type Cells = Reads<'xdsPort'> & Writes<'leader'>;

export interface LeadershipContext extends Pick<Context, 'self' | 'clock' | 'log' | 'leaderCallbacks'> {
  /** leases undefined: there is one operator, and it leads. */
  readonly platform: Pick<Context['platform'], 'leases'>;
  readonly settings: Pick<Context['settings'], 'podAddress' | 'xdsAddress'>;
}

export function createLeadership(
  cells: Cells,
  context: LeadershipContext,
): Required<Pick<Made, 'component'>> {
  const { xdsPort, leader } = cells;
  const { platform, settings, self, clock, log, leaderCallbacks } = context;
  const callbacks: LeaderCallbacks = {
    onStartedLeading: () => leaderCallbacks().forEach((part) => part.onStartedLeading()),
    onStoppedLeading: async () => {
      await Promise.all(leaderCallbacks().map((part) => part.onStoppedLeading()));
    },
  };
  const { leases } = platform;
  if (leases === undefined) return { component: alone(callbacks) };
  const component = startingLate('leader', () =>
    createLeaderElection({
      port: leases,
      identity: holderOf(self, settings, xdsPort.get()),
      clock,
      log,
      ...callbacks,
      onHolder: (holder) => leader.set(holder),
    }),
  );
  return { component };
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

function alone(callbacks: LeaderCallbacks): Component {
  const start = (): Promise<void> => {
    callbacks.onStartedLeading();
    return Promise.resolve();
  };
  return { name: 'leader', start, stop: () => callbacks.onStoppedLeading(), ready: () => true };
}
