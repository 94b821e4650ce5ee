// The leader's end: streams of other replicas in, what they last said out. What a replica said holds on for a moment
// after its stream ended: connections are recycled, and its proxies are not gone for that. It proves nothing that is not
// true: against a newer snapshot it only lags.
import { status, type ServerDuplexStream } from '@grpc/grpc-js';
import type { Log } from '../process/log.ts';
import type { Clock } from '../process/clock.ts';
import type { Change } from './changes.ts';
import { readMessage } from './messages.ts';
import type { PeerCredentials } from './peer-credentials.ts';
import { applyBatch, emptyPeer, type PeerState } from './peer-state.ts';
import { credit, silenceMs } from './service.ts';

export type ReportCall = ServerDuplexStream<Buffer, Buffer>;

export interface PeersOptions {
  readonly credentials: PeerCredentials;
  /** `monotonicMs` is the clock of `connectedAtMs`. */
  readonly clock: Clock;
  readonly log: Log;
  /** How long a replica's last words hold on, in milliseconds. */
  readonly graceMs: number;
  readonly onChange: () => void;
  /** There may be workloads that were not there before. */
  readonly rebuild: () => void;
}

interface Peer {
  /** What its last complete batch came to; null before the first. */
  state: PeerState | null;
  stream: ReportStream | null;
  cancelForget: (() => void) | undefined;
}

export class Peers {
  readonly #options: PeersOptions;
  readonly #peers = new Map<string, Peer>();
  readonly #streams = new Set<ReportStream>();
  #isLeading = false;

  constructor(options: PeersOptions) {
    this.#options = options;
  }

  states(): readonly PeerState[] {
    return [...this.#peers.values()].flatMap(({ state }) => state ?? []);
  }

  setLeading(isLeading: boolean): void {
    if (this.#isLeading === isLeading) return;
    this.#isLeading = isLeading;
    if (isLeading) return;
    for (const stream of this.#streams) stream.fail(status.FAILED_PRECONDITION, notLeading);
    for (const { cancelForget } of this.#peers.values()) cancelForget?.();
    this.#peers.clear();
  }

  accept(call: ReportCall): void {
    const stream = new ReportStream(call, this.#options, {
      batch: (replica, changes) => this.#take(stream, replica, changes),
      closed: () => this.#closed(stream),
    });
    const { credentials, log } = this.#options;
    const certificate = call.getAuthContext()?.sslPeerCertificate;
    if (!credentials.isOurs(certificate?.subjectaltname)) {
      log.warn({ peer: call.getPeer(), identity: certificate?.subjectaltname }, 'not a replica of ours');
      stream.fail(status.PERMISSION_DENIED, 'only replicas of the operator may report');
    } else if (!this.#isLeading) stream.fail(status.FAILED_PRECONDITION, notLeading);
    else {
      this.#streams.add(stream);
      stream.grantCredit();
    }
  }

  #take(stream: ReportStream, replica: string, changes: readonly Change[]): void {
    const peer = this.#peers.get(replica) ?? { state: null, stream: null, cancelForget: undefined };
    if (peer.stream !== stream) {
      this.#options.log.info({ replica }, 'replica connected');
      const former = peer.stream;
      peer.stream = stream;
      former?.fail(status.ABORTED, 'replica reconnected on a new stream');
      peer.cancelForget?.();
      peer.state = null;
    }
    const { onChange, rebuild, clock } = this.#options;
    const isFirst = peer.state === null;
    peer.state = applyBatch(peer.state ?? emptyPeer, changes, clock.monotonicMs());
    this.#peers.set(replica, peer);
    if (changes.some(({ type }) => type === 'proxy')) rebuild();
    if (isFirst || changes.length > 0) onChange();
  }

  #closed(stream: ReportStream): void {
    this.#streams.delete(stream);
    for (const [replica, peer] of this.#peers) {
      if (peer.stream !== stream) continue;
      peer.stream = null;
      peer.cancelForget = this.#options.clock.after(this.#options.graceMs, () => {
        this.#peers.delete(replica);
        this.#options.log.info({ replica }, 'replica disconnected');
        this.#options.onChange();
      });
    }
  }
}

const notLeading = 'this replica is not the leader';

interface StreamHost {
  /** Throws when the changes do not fit. */
  readonly batch: (replica: string, changes: readonly Change[]) => void;
  readonly closed: () => void;
}

/** One stream: messages are gathered to batches. */
class ReportStream {
  readonly #call: ReportCall;
  readonly #options: PeersOptions;
  readonly #host: StreamHost;
  #isOpen = true;
  #changes: Change[] = [];
  #cancelSilence: () => void;

  constructor(call: ReportCall, options: PeersOptions, host: StreamHost) {
    this.#call = call;
    this.#options = options;
    this.#host = host;
    this.#cancelSilence = this.#expectWords();
    call.on('data', (bytes: Buffer) => this.#onMessage(bytes));
    call.on('end', () => this.#end());
    for (const event of ['error', 'cancelled', 'close']) call.on(event, () => this.#close());
  }

  grantCredit(): void {
    this.#call.write(credit);
  }

  fail(code: status, details: string): void {
    if (!this.#isOpen) return;
    this.#call.emit('error', { code, details });
    this.#close();
  }

  #onMessage(bytes: Buffer): void {
    if (!this.#isOpen) return;
    this.#cancelSilence();
    this.#cancelSilence = this.#expectWords();
    const read = readMessage(bytes);
    if (!read.ok) return this.#refuse(read.problem);
    const { replica, changes, end } = read.message;
    this.#changes.push(...changes);
    if (!end) return;
    const batch = this.#changes.splice(0);
    try {
      this.#host.batch(replica, batch);
    } catch (error) {
      return this.#refuse(error instanceof Error ? error.message : String(error));
    }
    this.grantCredit();
  }

  #refuse(problem: string): void {
    this.#options.log.warn({ peer: this.#call.getPeer(), problem }, 'replica report rejected');
    this.fail(status.INVALID_ARGUMENT, problem);
  }

  #expectWords(): () => void {
    return this.#options.clock.after(silenceMs, () =>
      this.fail(status.DEADLINE_EXCEEDED, `nothing was heard for ${silenceMs} ms`),
    );
  }

  #end(): void {
    if (!this.#isOpen) return;
    this.#close();
    this.#call.end();
  }

  #close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#cancelSilence();
    this.#host.closed();
  }
}
