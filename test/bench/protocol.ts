// What the processes of a benchmark say to each other.

export interface Size {
  readonly proxies: number;
  readonly services: number;
  readonly endpoints: number;
  /** Every service has a TrafficPolicy from the start. */
  readonly policies: boolean;
}

export interface ServerOptions extends Size {
  readonly tls: boolean;
}

export interface OperatorOptions {
  readonly kubeconfig: string;
}

/** A change of the mesh. */
export type Edit =
  /** Another endpoint of that service becomes unready. */
  | { readonly type: 'endpoint'; readonly service: number }
  /** The TrafficPolicy of that service gets another timeout. */
  | { readonly type: 'route'; readonly service: number }
  /** Endpoint changes, so many a second, for so long. Answered when the first is made. */
  | { readonly type: 'churn'; readonly perSecond: number; readonly ms: number };

/** What every server process can be asked. */
export type MeasureCommand =
  | { readonly type: 'usage' }
  | { readonly type: 'collect-garbage' }
  /** Begins a CPU profile; with a file, ends it and writes it there. */
  | { readonly type: 'profile'; readonly file: string | null };

export type ServerCommand =
  | Edit
  | MeasureCommand
  /** The changes of the last churn. */
  | { readonly type: 'changes' };

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
}

/** A change of the mesh: which service, and when the store (or the API server) was told, on the monotonic clock. */
export type Change = readonly [service: number, atMs: number];

export interface Listening {
  readonly port: number;
  /** From the start of the process's work to its first snapshot. */
  readonly startMs: number;
}

export interface Ready extends Listening {
  /** Service → what the clients of its pods use. null: plaintext. */
  readonly certificates: Readonly<Record<string, KeyPair>> | null;
  /** Pod → its uid, which its proxy has to know. null: the name of the pod, as in the synthetic mesh. */
  readonly podUids: Readonly<Record<string, string>> | null;
}

/** PEM. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

export type ClientCommand =
  /** Drop all connections, connect all proxies at once, with nothing; `keep`: remember what comes, for `prepare`. */
  | { readonly type: 'connect'; readonly keep: boolean }
  /** Encode what the proxies will say they have. Answers when that is done. */
  | { readonly type: 'prepare' }
  /** Drop all connections, connect again with what was prepared. */
  | { readonly type: 'reconnect' }
  /** Forget what was counted. */
  | { readonly type: 'mark' }
  | { readonly type: 'collect' }
  /** Milliseconds from then to each message since `mark`. */
  | { readonly type: 'delays'; readonly sinceMs: number }
  /** How long each proxy went without each change. */
  | { readonly type: 'staleness'; readonly changes: readonly Change[] }
  /** So many proxies drop their connections, come anew, and stop reading in the midst of their first response. */
  | { readonly type: 'stall'; readonly count: number }
  /** They read again. */
  | { readonly type: 'resume' }
  /** Refuse every response that holds a change of this type from now on. */
  | { readonly type: 'refuse'; readonly typeUrl: string | null };

export interface Collected {
  /** Proxies that have everything: their first virtual hosts are acknowledged. */
  readonly complete: number;
  /** Milliseconds on the monotonic clock when they began to connect, and when the last was complete; 0 if not all are. */
  readonly connectedAtMs: number;
  readonly completeAtMs: number;
  /** Streams that the proxies did not end, since the start. */
  readonly lost: number;
  readonly messages: number;
  readonly bytes: number;
  /** Of `bytes`: what the resources took, with name and version. */
  readonly resourceBytes: number;
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

export interface ClientOptions extends Size {
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
