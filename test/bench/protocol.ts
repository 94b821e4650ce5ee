// What the processes of a benchmark say to each other.

export interface ServerOptions {
  readonly proxies: number;
  readonly services: number;
  readonly endpoints: number;
  readonly tls: boolean;
}

export type ServerCommand =
  /** Another endpoint of that service becomes unready. */
  | { readonly type: 'endpoint'; readonly service: number }
  /** The TrafficPolicy of that service gets another timeout. */
  | { readonly type: 'route'; readonly service: number }
  /** Endpoint changes, so many a second, for so long. */
  | { readonly type: 'churn'; readonly perSecond: number; readonly ms: number }
  | { readonly type: 'usage' }
  | { readonly type: 'collect-garbage' }
  /** The changes of the last churn. */
  | { readonly type: 'changes' }
  /** Begins a CPU profile; with a file, ends it and writes it there. */
  | { readonly type: 'profile'; readonly file: string | null };

export interface ServerUsage {
  readonly cpuMs: number;
  readonly rssMb: number;
  readonly peakRssMb: number;
  readonly heapMb: number;
  /** Buffers and what else lives beside the heap. */
  readonly externalMb: number;
  /** Since the last `usage`. */
  readonly loopP99Ms: number;
  readonly loopMaxMs: number;
  readonly streams: number;
}

/** A change of the mesh: which service, and when the store was told, on the monotonic clock. */
export type Change = readonly [service: number, atMs: number];

export interface Ready {
  readonly port: number;
  /** PEM, for clients that use TLS. */
  readonly tls: {
    readonly ca: string;
    readonly certificates: Readonly<Record<string, { cert: string; key: string }>>;
  } | null;
  readonly startMs: number;
}

export type ClientCommand =
  /** Connect all proxies at once. */
  | { readonly type: 'connect' }
  /** Drop all connections, connect again with the versions held. */
  | { readonly type: 'reconnect' }
  /** Forget what was counted. */
  | { readonly type: 'mark' }
  | { readonly type: 'collect' }
  /** Milliseconds from then to each message since `mark`. */
  | { readonly type: 'delays'; readonly sinceMs: number }
  /** How long each proxy went without each change. */
  | { readonly type: 'staleness'; readonly changes: readonly Change[] }
  /** These proxies stop (start) reading. */
  | { readonly type: 'pause'; readonly count: number; readonly paused: boolean }
  /** Refuse every response that holds a change of this type from now on. */
  | { readonly type: 'refuse'; readonly typeUrl: string | null };

export interface Collected {
  /** Proxies that have everything: their first virtual hosts are acknowledged. */
  readonly complete: number;
  /** Milliseconds on the monotonic clock when they began to connect, and when the last was complete; 0 if not all are. */
  readonly connectedAtMs: number;
  readonly completeAtMs: number;
  readonly messages: number;
  readonly bytes: number;
  /** Of the client process, since it started: it must not be what is measured. */
  readonly cpuMs: number;
}

export interface Staleness {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** Pairs of a proxy and a change it never heard of. */
  readonly lost: number;
}

export interface ClientOptions {
  readonly proxies: number;
  readonly endpoints: number;
  readonly ready: Ready;
}

/** The same in every process of the machine. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

export function quantile(values: Float64Array | readonly number[], q: number): number {
  const sorted = Float64Array.from(values).toSorted();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
}
