// Who of several operators writes: certificates into Secrets, sidecars into workloads, statuses. All others serve, and
// wait for their turn.
import type { Log } from './log.ts';
import type { Component } from './lifecycle.ts';
import type { LeasePort } from './platform/lease-port.ts';
import { createLeaderElection, type ElectionClock } from './reconcile/lease.ts';

/** A part of the operator that writes while it leads. */
export interface Led {
  lead(): void;
  /** Resolves when nothing is written any more. */
  follow(): Promise<void>;
}

export interface LeadingOptions {
  /** undefined: there is one operator, and it leads. */
  readonly leases: LeasePort | undefined;
  /** Different for each operator, and for each start of it. */
  readonly identity: string;
  readonly parts: readonly Led[];
  readonly log: Log;
}

export function createLeading({ leases, identity, parts, log }: LeadingOptions): Component {
  const onLead = (): void => parts.forEach((part) => part.lead());
  const onFollow = async (): Promise<void> => {
    await Promise.all(parts.map((part) => part.follow()));
  };
  if (leases === undefined) return alone(onLead, onFollow);
  return createLeaderElection({ port: leases, identity, clock, log, onLead, onFollow });
}

function alone(onLead: () => void, onFollow: () => Promise<void>): Component {
  const start = (): Promise<void> => {
    onLead();
    return Promise.resolve();
  };
  return { name: 'leader', start, stop: onFollow, ready: () => true };
}

const clock: ElectionClock = {
  nowMs: () => performance.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
  wallTime: () => new Date(),
};
