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
  | { readonly type: 'collect-garbage' };

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
  /** These proxies stop (start) reading. */
  | { readonly type: 'pause'; readonly count: number; readonly paused: boolean }
  /** Refuse every response that holds a change of this type from now on. */
  | { readonly type: 'refuse'; readonly typeUrl: string | null };

export interface Collected {
  /** Proxies that have everything: their first virtual hosts are acknowledged. */
  readonly complete: number;
  /** Milliseconds on the monotonic clock when the last proxy was complete; 0 if not all are. */
  readonly completeAtMs: number;
  readonly messages: number;
  readonly bytes: number;
  /** When each message since `mark` had arrived, ms on the monotonic clock, by proxy. */
  readonly arrivals: readonly (readonly [proxy: number, atMs: number, bytes: number])[];
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
