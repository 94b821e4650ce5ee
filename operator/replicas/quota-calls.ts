// The leader's end of what followers pass on of quotas: reports of their sidecars in, assignments out by the way that the report came.
import { status, type ServerDuplexStream } from '@grpc/grpc-js';
import { BoundedWriter } from '../process/bounded-writer.ts';
import type { Clock } from '../process/clock.ts';
import type { Log } from '../process/log.ts';
import { notLeading, refusalOf } from './admission.ts';
import type { PeerCredentials } from './peer-credentials.ts';
import { type QuotaMessage, readQuotaMessage, writeQuotaMessage } from './quota-message.ts';
import { QuotaWays } from './quota-ways.ts';

export type QuotaRelayCall = ServerDuplexStream<Buffer, Buffer>;

/** What waits for a follower that does not read. Its sidecars report again, and hear the same again. */
const mostWaitingBytes = 16 * 1024 * 1024;

export interface QuotaCallsOptions {
  readonly credentials: PeerCredentials;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly log: Log;
  /** A follower has passed on a report of a sidecar. */
  readonly onQuota: (message: QuotaMessage) => void;
}

export class QuotaCalls {
  readonly #options: QuotaCallsOptions;
  readonly #calls = new Set<QuotaRelayCall>();
  readonly #ways = new QuotaWays<BoundedWriter>();
  #isLeading = false;

  constructor(options: QuotaCallsOptions) {
    this.#options = options;
  }

  setLeading(isLeading: boolean): void {
    this.#isLeading = isLeading;
    if (isLeading) return;
    for (const call of this.#calls) call.emit('error', notLeading);
    this.#calls.clear();
    this.#ways.clear();
  }

  accept(call: QuotaRelayCall): void {
    call.on('error', () => undefined);
    const refusal = refusalOf(call, this.#isLeading, this.#options);
    if (refusal === null) this.#listen(call);
    else call.emit('error', refusal);
  }

  /** Nothing, if no follower has passed on a report of the sidecar. */
  assign(message: QuotaMessage): void {
    this.#ways.to(message.sidecar)?.write(writeQuotaMessage(message));
  }

  #listen(call: QuotaRelayCall): void {
    const way = new BoundedWriter(call, mostWaitingBytes);
    this.#calls.add(call);
    const left = (): void => {
      this.#calls.delete(call);
      this.#ways.remove(way);
    };
    call.on('close', left).on('cancelled', left);
    call.on('end', () => call.end());
    call.on('data', (bytes: Buffer) => {
      if (!this.#calls.has(call)) return;
      const read = readQuotaMessage(bytes);
      if (read === null) {
        left();
        call.emit('error', { code: status.INVALID_ARGUMENT, details: 'the sidecar is not named' });
        return;
      }
      this.#ways.heard(read.sidecar, way, this.#options.clock.monotonicMs());
      this.#options.onQuota({ type: 'report', ...read });
    });
  }
}
