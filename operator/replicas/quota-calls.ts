// The leader's end of what followers pass on of quotas: reports of their sidecars in, assignments out by the way that the report came.
import { status, type ServerDuplexStream } from '@grpc/grpc-js';
import type { Log } from '../process/log.ts';
import { notLeading, refusalOf } from './admission.ts';
import type { PeerCredentials } from './peer-credentials.ts';
import { type QuotaMessage, readQuotaMessage, writeQuotaMessage } from './quota-message.ts';

export type QuotaRelayCall = ServerDuplexStream<Buffer, Buffer>;

/** What waits for a follower that does not read. Its sidecars report again, and hear the same again. */
const mostWaitingBytes = 16 * 1024 * 1024;

export interface QuotaCallsOptions {
  readonly credentials: PeerCredentials;
  readonly log: Log;
  /** A follower has passed on a report of a sidecar. */
  readonly onQuota: (message: QuotaMessage) => void;
}

export class QuotaCalls {
  readonly #options: QuotaCallsOptions;
  readonly #calls = new Set<QuotaRelayCall>();
  /** By sidecar: by which its latest report came. */
  readonly #ways = new Map<string, QuotaRelayCall>();
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
    const call = this.#ways.get(message.sidecar);
    if (call === undefined || call.writableLength > mostWaitingBytes) return;
    call.write(writeQuotaMessage(message));
  }

  #take(call: QuotaRelayCall, bytes: Buffer): void {
    const read = readQuotaMessage(bytes);
    if (read === null) {
      call.emit('error', { code: status.INVALID_ARGUMENT, details: 'the sidecar is not named' });
      return;
    }
    this.#ways.set(read.sidecar, call);
    this.#options.onQuota({ type: 'report', ...read });
  }

  #listen(call: QuotaRelayCall): void {
    this.#calls.add(call);
    const left = (): void => {
      this.#calls.delete(call);
      for (const [sidecar, way] of this.#ways) if (way === call) this.#ways.delete(sidecar);
    };
    call.on('close', left).on('cancelled', left);
    call.on('end', () => call.end());
    call.on('data', (bytes: Buffer) => {
      if (this.#calls.has(call)) this.#take(call, bytes);
    });
  }
}
