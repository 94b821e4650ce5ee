// What sidecars tell, on its way to providers. Pure.
import { type Counted, tagNames } from '../telemetry/point.ts';

/** Text by name: of an attribute without a value there is none. */
export type Attributes = Readonly<Record<string, string>>;

/** Who tells: proven by its certificate. */
export interface Source {
  /** `Pod/shop/reviews-1` */
  readonly workload: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly serviceAccount: string;
  readonly spiffeId: string;
}

/** A request that a sidecar has logged. */
export interface LogRecord {
  /** Nanoseconds since 1970. */
  readonly timeNs: bigint;
  /** Of the access log, in Mesh.spec.telemetry.accessLogs. */
  readonly log: string;
  /** '' unless it is of type Text. */
  readonly text: string;
  readonly attributes: Attributes;
  /** In hexadecimal; '' if the request is not traced. */
  readonly traceId: string;
  readonly spanId: string;
}

export interface Span {
  readonly traceId: string;
  readonly spanId: string;
  /** '' of the first of a trace. */
  readonly parentId: string;
  readonly traceState: string;
  readonly name: string;
  /** As OTLP numbers them: 2 server, 3 client. */
  readonly kind: number;
  readonly startNs: bigint;
  readonly endNs: bigint;
  readonly attributes: Attributes;
  /** As OTLP numbers them: 2 error. */
  readonly status: number;
}

/** What one message of one sidecar brought. */
export type Signal = { readonly source: Source } & (
  | { readonly type: 'logs'; readonly records: readonly LogRecord[] }
  | { readonly type: 'spans'; readonly spans: readonly Span[] }
  | { readonly type: 'counts'; readonly points: Counted['points']; readonly timeNs: bigint }
);

export function sizeOf(signal: Signal): number {
  if (signal.type === 'logs') return signal.records.length;
  return signal.type === 'spans' ? signal.spans.length : signal.points.length;
}

/** About: what it takes in memory until it is sent, and in a message. */
export function bytesOf(signal: Signal): number {
  if (signal.type === 'counts') {
    let bytes = signal.points.length * bytesOfItem;
    for (const { tags } of signal.points) for (const name of tagNames) bytes += tags[name].length;
    return bytes;
  }
  const items = signal.type === 'logs' ? signal.records : signal.spans;
  let bytes = items.length * bytesOfItem;
  for (const item of items) {
    bytes += 'text' in item ? item.text.length : item.name.length + item.traceState.length;
    for (const [key, value] of Object.entries(item.attributes)) bytes += key.length + value.length;
  }
  return bytes;
}

/** What an item has besides its text. */
const bytesOfItem = 300;
