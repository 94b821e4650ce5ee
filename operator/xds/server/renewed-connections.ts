// Connections that were made with a certificate that is no longer wanted are made anew, so that each proxy shows the one that it has by
// now. What a proxy has of its configuration stays. Entry: RenewedConnections.
import { status } from '@grpc/grpc-js';
import type { Clock } from '../../process/clock.ts';
import type { PresentedLeaf } from '../../values/presented-leaf.ts';
import { innerCall } from './raw-call.ts';
import type { Stream } from './stream.ts';

const everyMs = 1_000;
/** A proxy that comes back with the same certificate has that much time to read another one, then twice as much, and so on. */
const [firstMs, mostMs] = [1_000, 60_000];
/** So many at a time, or this share of all: they all come back at once. */
const [fewest, share] = [10, 0.05];

export type IsWanted = (leaf: PresentedLeaf | null) => boolean;

/** A stream, as far as it matters here. */
export type Renewable = Pick<Stream, 'workload' | 'leaf' | 'nodeId' | 'connectedAtMs'>;

export interface RenewalHost<S extends Renewable> {
  readonly streams: ReadonlySet<S>;
  readonly clock: Clock;
  /** Ends the stream and its connection. */
  readonly end: (stream: S) => void;
}

export class RenewedConnections<S extends Renewable> {
  private readonly host: RenewalHost<S>;
  private isWanted: IsWanted | null = null;
  /** By node id: how often its connection was ended. */
  private readonly attempts = new Map<string, number>();
  private cancel: () => void = () => undefined;

  constructor(host: RenewalHost<S>) {
    this.host = host;
  }

  /** null: all are wanted. */
  setWanted(isWanted: IsWanted | null): void {
    this.isWanted = isWanted;
    this.attempts.clear();
    this.cancel();
    if (isWanted !== null) this.wait();
  }

  close(): void {
    this.setWanted(null);
  }

  private wait(): void {
    const { streams, clock, end } = this.host;
    this.cancel = clock.after(everyMs, () => {
      const now = clock.monotonicMs();
      const due = [...streams].filter((stream) => this.isDue(stream, now));
      for (const stream of due.slice(0, Math.max(fewest, Math.ceil(streams.size * share)))) {
        this.attempts.set(stream.nodeId, (this.attempts.get(stream.nodeId) ?? 0) + 1);
        end(stream);
      }
      this.wait();
    });
  }

  private isDue({ workload, leaf, nodeId, connectedAtMs }: S, now: number): boolean {
    if (workload === null || this.isWanted === null || this.isWanted(leaf)) return false;
    const waitMs = Math.min(firstMs * 2 ** (this.attempts.get(nodeId) ?? 0), mostMs);
    return now - connectedAtMs >= waitMs;
  }
}

export function endWithConnection(stream: Stream): void {
  // Another stream on the same connection would show the same certificate.
  innerCall(stream.call)?.stream.session?.close();
  stream.fail(status.UNAVAILABLE, 'reconnect with the certificate that replaces this one');
}
