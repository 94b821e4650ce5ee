// What the ADS server is told when it is made, and whom it tells.
import type { Log } from '../../process/log.ts';
import type { TypeUrl } from '../../envoy/proto/type-urls.ts';
import type { TlsAcceptor } from './credentials.ts';
import type { InitialSyncOptions } from './initial-sync-limiter.ts';
import type { ExpectedSource } from './source-address.ts';
import type { GrpcService } from './endpoint.ts';
import type { PresentedLeaf } from '../../values/presented-leaf.ts';

export interface AdsServerOptions {
  /** host:port; port 0 takes a free one. */
  readonly address: string;
  /** Absent: plaintext, where a node is believed what it claims. For tests and benchmarks only. */
  readonly credentials?: TlsAcceptor;
  /** The SPIFFE id a workload has to prove; undefined while it is unknown. */
  readonly identityOf: (workload: string) => string | undefined;
  /**
   * Where a workload is known to be: a proxy is believed from there only, and a workload has one. undefined: it may be anywhere, and several
   * may ask as it. Default: always.
   */
  readonly sourceOf?: (workload: string) => ExpectedSource | undefined;
  /** A second proxy asked as a workload whose own is alive, and was refused. `peers`: addresses of the own one and of the second. */
  readonly onSecondProxy?: (workload: string, peers: readonly [string, string]) => void;
  /** What a verified client certificate says, as DER; null: it is of an unknown root. Default: unknown. */
  readonly leafOf?: (certificate: Buffer) => PresentedLeaf | null;
  /** Called when a proxy connected whose own layer is not in the snapshot: `connectedWorkloads()` has grown. Default: all layers are there. */
  readonly rebuild?: () => void;
  readonly observer: AdsObserver;
  readonly log: Log;
  /** Shown to proxies as control_plane.identifier. */
  readonly identifier: string;
  /** How many proxies may begin at a time. */
  readonly initialSync?: Partial<InitialSyncOptions>;
  /** How long a proxy waits that is not known, or comes before the first snapshot, in milliseconds. Default: 5,000. */
  readonly waitTimeoutMs?: number;
  /** When connections are closed, in milliseconds, give or take 10 %. Default: 30 minutes. */
  readonly connectionAgeMs?: number;
  /** Served on the same port, for peers whose certificates they look at themselves; asked for at the start. Default: none. */
  readonly services?: () => readonly GrpcService[];
}

/** For metrics and status. Called synchronously: notes down, does no work. */
export interface AdsObserver {
  streams(open: number): void;
  pushed(type: TypeUrl, resources: number): void;
  acked(type: TypeUrl): void;
  nacked(type: TypeUrl): void;
  /** All proxies have acknowledged the latest publication. */
  converged(ms: number): void;
  /** Some report may have changed. */
  changed(): void;
}
