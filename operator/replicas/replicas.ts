// All replicas serve proxies; the leader speaks for all. Entry: createReplicas. A follower dials the leader named in the
// Lease and tells it what its proxies acknowledged; on the leader `proxies()` are those of all replicas.
import type { Component } from '../process/lifecycle.ts';
import type { Log } from '../process/log.ts';
import type { Clock } from '../process/clock.ts';
import type { ProxyReport } from '../xds/session/proxy-report.ts';
import type { ServerKeyPair } from '../xds/server/credentials.ts';
import type { GrpcService } from '../xds/server/endpoint.ts';
import type { Own } from './delta.ts';
import { Follower } from './follower.ts';
import { parseHolder } from './holder.ts';
import { merge } from './merge.ts';
import { PeerCredentials } from './peer-credentials.ts';
import { Peers, type ReportCall } from './peers.ts';
import { replicasService } from './service.ts';

export interface ReplicasOptions {
  /** This replica, as it writes itself into the Lease: formatHolder. Asked for once its xDS port is known. */
  readonly identity: () => string;
  /** The snapshot, and the reports on this very snapshot. */
  readonly own: () => Own;
  readonly log: Log;
  /** `monotonicMs` is the clock of `connectedAtMs`. */
  readonly clock: Clock;
  /** How long the proxies of a replica that is not heard any more still count, in milliseconds. Default: 2,000. */
  readonly graceMs?: number;
  /** `proxies()` may have changed because of another replica. Notes down, does no work. */
  readonly onChange: () => void;
  /** `workloads()` may have grown: their layers have to be in the leader's snapshot, too. Notes down, does no work. */
  readonly rebuild: () => void;
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
  /** Of all replicas, as far as this one leads: its own otherwise. Each proxy once. */
  proxies(): readonly ProxyReport[];
  /** Keys of the workloads whose proxies are connected to other replicas. */
  workloads(): ReadonlySet<string>;
}

export function createReplicas(options: ReplicasOptions): Replicas {
  const { identity, own, log, clock, onChange, rebuild, graceMs = 2000 } = options;
  const credentials = new PeerCredentials();
  const peers = new Peers({ credentials, clock, log, graceMs, onChange, rebuild });
  const follower = new Follower({ replica: identity, own, credentials, clock, log });

  let known = '';
  const setHolder = (holder: string): void => {
    if (holder === known) return;
    known = holder;
    const isLeading = holder === identity();
    peers.setLeading(isLeading);
    const leader = isLeading || holder === '' ? null : parseHolder(holder);
    if (leader === null && !isLeading && holder !== '')
      log.warn({ holder }, 'lease holder has no address to report to');
    follower.setLeader(leader?.address ?? null);
  };

  return {
    name: 'replicas',
    services: [
      {
        definition: replicasService,
        implementation: { Report: (call: ReportCall) => peers.accept(call) },
      },
    ],
    credentials: {
      update(certificate): void {
        credentials.update(certificate);
        follower.certified();
      },
    },
    setHolder,
    changed: () => follower.changed(),
    proxies: () => merge(own(), peers.states()),
    workloads: () =>
      new Set(peers.states().flatMap(({ proxies }) => [...proxies.values()].map((it) => it.workload))),
    start: () => Promise.resolve(),
    stop: () => {
      setHolder('');
      return Promise.resolve();
    },
    ready: () => true,
  };
}
