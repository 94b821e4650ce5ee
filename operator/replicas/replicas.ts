// All replicas serve proxies; the leader speaks for all. Entry: createReplicas. A follower dials the leader named in the
// Lease and tells it what its proxies acknowledged; on the leader `proxies()` are those of all replicas.
import type { Component } from '../process/lifecycle.ts';
import type { Log } from '../process/log.ts';
import type { Clock } from '../process/clock.ts';
import type { ProxyReport } from '../xds/session/proxy-report.ts';
import type { ServerKeyPair } from '../xds/server/credentials.ts';
import type { GrpcService } from '../xds/server/endpoint.ts';
import type { Counted } from '../telemetry/point.ts';
import type { Own } from './delta.ts';
import { Follower } from './follower.ts';
import { parseHolder } from './holder.ts';
import { merge, nextTakenAtMs } from './merge.ts';
import { PeerCredentials } from './peer-credentials.ts';
import { Peers, type ReportCall } from './peers.ts';
import { QuotaCalls, type QuotaRelayCall } from './quota-calls.ts';
import type { QuotaMessage } from './quota-message.ts';
import { replicasService } from './service.ts';

export interface ReplicasOptions {
  /** This replica, as it writes itself into the Lease: formatHolder. Asked for once its xDS port is known. */
  readonly identity: () => string;
  /** The snapshot, and the reports on this very snapshot. */
  readonly own: () => Own;
  readonly log: Log;
  /** `monotonicMs` is the clock of `connectedAtMs`. */
  readonly clock: Clock;
  /** `proxies()` may have changed because of another replica. Notes down, does no work. */
  readonly onChange: () => void;
  /** `workloads()` may have grown: their layers have to be in the leader's snapshot, too. Notes down, does no work. */
  readonly rebuild: () => void;
  /** A sidecar has reported to another replica, which has told this one. */
  readonly onCounted: (counted: Counted) => void;
  /** report: of a sidecar of another replica, while this one leads. assignment: of the leader, to a sidecar of this one. */
  readonly onQuota: (message: QuotaMessage) => void;
}

export interface Replicas extends Component {
  /** To be served on the xDS port, which has to ask for client certificates. */
  readonly services: readonly GrpcService[];
  readonly credentials: {
    /** The operator's own certificate, first and each time it is renewed. */
    update(certificate: ServerKeyPair): void;
  };
  /** Who holds the Lease; '' when nobody does. */
  setHolder(holder: string): void;
  /** This replica's snapshot or reports may have changed. Cheap. */
  changed(): void;
  /** A sidecar has reported to this replica: the leader is told within seconds. */
  counted(counted: Counted): void;
  /** report: passed on to the leader at once. assignment: passed on to the replica that passed on a report of the sidecar last. Without a way it is lost. */
  quota(message: QuotaMessage): void;
  /** Of all replicas, as far as this one leads: its own otherwise. Also of those that have left, while their workload is there. */
  proxies(): readonly ProxyReport[];
  /** Keys of the workloads whose proxies are, or were, connected to other replicas. */
  workloads(): ReadonlySet<string>;
}

export function createReplicas(options: ReplicasOptions): Replicas {
  const { identity, own, log, clock, onChange, rebuild, onCounted, onQuota } = options;
  const credentials = new PeerCredentials();
  const peers = new Peers({ credentials, clock, log, onChange, rebuild, onCounted });
  const quotaCalls = new QuotaCalls({ credentials, clock, log, onQuota });
  const follower = new Follower({ replica: identity, own, credentials, clock, log, onQuota });

  let known = '';
  const setHolder = (holder: string): void => {
    if (holder === known) return;
    known = holder;
    const isLeading = holder === identity();
    peers.setLeading(isLeading);
    quotaCalls.setLeading(isLeading);
    const leader = isLeading || holder === '' ? null : parseHolder(holder);
    if (leader === null && !isLeading && holder !== '')
      log.warn({ holder }, 'lease holder has no address to report to');
    follower.setLeader(leader?.address ?? null);
  };

  const recheckAt = recheckWith(clock, onChange);

  return {
    name: 'replicas',
    services: [serviceOf(peers, quotaCalls)],
    credentials: {
      update(certificate): void {
        credentials.update(certificate);
        follower.certified();
      },
    },
    setHolder,
    changed: () => follower.changed(),
    counted: (counted) => follower.counted(counted),
    quota: (message) => {
      if (message.type === 'report') follower.quota(message);
      else quotaCalls.assign(message);
    },
    proxies: () => {
      const now = own();
      const left = now.snapshot === null ? [] : peers.left().reports(now.snapshot);
      const reports = merge(now, peers.states(), { left, nowMs: clock.monotonicMs() });
      if (left.length > 0) peers.left().retain(new Set(reports));
      recheckAt(nextTakenAtMs(reports));
      return reports;
    },
    workloads: () => {
      const connected = peers.states().flatMap(({ proxies }) => [...proxies.values()]);
      return new Set([...connected.map(({ workload }) => workload), ...peers.left().workloads()]);
    },
    start: () => Promise.resolve(),
    stop: () => {
      setHolder('');
      recheckAt(null);
      return Promise.resolve();
    },
    ready: () => true,
  };
}

function serviceOf(peers: Peers, quotaCalls: QuotaCalls): GrpcService {
  return {
    definition: replicasService,
    implementation: {
      Report: (call: ReportCall) => peers.accept(call),
      Quotas: (call: QuotaRelayCall) => quotaCalls.accept(call),
    },
  };
}

/** Of the moments that it is told, only the latest counts; null: none. */
function recheckWith(clock: Clock, recheck: () => void): (atMs: number | null) => void {
  let cancel: (() => void) | undefined;
  return (atMs) => {
    cancel?.();
    cancel = atMs === null ? undefined : clock.after(Math.max(0, atMs - clock.monotonicMs()), recheck);
  };
}
