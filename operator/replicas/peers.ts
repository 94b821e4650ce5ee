// The leader's end: streams of other replicas in, what they last said out. A replica that is not heard any more leaves its
// proxies behind (left-proxies.ts): they are out of reach until somebody reports them, or their workload is gone.
import { status, type ServerDuplexStream } from '@grpc/grpc-js';
import type { Log } from '../process/log.ts';
import type { Clock } from '../process/clock.ts';
import type { Counted } from '../telemetry/point.ts';
import { notLeading, refusalOf } from './admission.ts';
import type { Change, StateChange } from './changes.ts';
import { countedOf } from './counts.ts';
import { readMessage } from './messages.ts';
import type { PeerCredentials } from './peer-credentials.ts';
import { LeftProxies } from './left-proxies.ts';
import { applyBatch, emptyPeer, type PeerProxy, type PeerState } from './peer-state.ts';
import { credit, silenceMs } from './service.ts';

export type ReportCall = ServerDuplexStream<Buffer, Buffer>;

export interface PeersOptions {
  readonly credentials: PeerCredentials;
  /** `monotonicMs` is the clock of `connectedAtMs`. */
  readonly clock: Clock;
  readonly log: Log;
  readonly onChange: () => void;
  /** There may be workloads that were not there before. */
  readonly rebuild: () => void;
  /** A sidecar has reported to another replica. */
  readonly onCounted: (counted: Counted) => void;
}

interface Peer {
  /** What its last complete batch came to. */
  readonly state: PeerState;
  readonly stream: ReportStream;
}

export class Peers {
  readonly #options: PeersOptions;
  readonly #peers = new Map<string, Peer>();
  readonly #left = new LeftProxies();
  readonly #streams = new Set<ReportStream>();
  #isLeading = false;

  constructor(options: PeersOptions) {
    this.#options = options;
  }

  states(): readonly PeerState[] {
    return [...this.#peers.values()].map(({ state }) => state);
  }

  /** Proxies of other replicas that have left. */
  left(): Pick<LeftProxies, 'reports' | 'retain' | 'workloads'> {
    return this.#left;
  }

  setLeading(isLeading: boolean): void {
    if (this.#isLeading === isLeading) return;
    this.#isLeading = isLeading;
    if (isLeading) return;
    for (const stream of this.#streams) stream.fail(notLeading.code, notLeading.details);
    this.#peers.clear();
    this.#left.clear();
  }

  accept(call: ReportCall): void {
    const stream = new ReportStream(call, this.#options, {
      batch: (replica, changes) => this.#take(stream, replica, changes),
      closed: () => this.#closed(stream),
    });
    const refusal = refusalOf(call, this.#isLeading, this.#options);
    if (refusal !== null) stream.fail(refusal.code, refusal.details);
    else {
      this.#streams.add(stream);
      stream.grantCredit();
    }
  }

  #take(stream: ReportStream, replica: string, all: readonly Change[]): void {
    this.#takeState(
      stream,
      replica,
      all.filter((it): it is StateChange => it.type !== 'counted'),
    );
    for (const it of all) if (it.type === 'counted') this.#options.onCounted(countedOf(it));
  }

  #takeState(stream: ReportStream, replica: string, changes: readonly StateChange[]): void {
    const { onChange, rebuild, clock, log } = this.#options;
    const known = this.#peers.get(replica);
    const before = known?.stream === stream ? known.state : null;
    const after = applyBatch(before ?? emptyPeer, changes, clock.monotonicMs());
    if (before === null) {
      log.info({ replica }, 'replica connected');
      if (known !== undefined) this.#leave(known.state);
    }
    this.#peers.set(replica, { state: after, stream });
    if (before === null) known?.stream.fail(status.ABORTED, 'replica reconnected on a new stream');
    this.#compare(before ?? emptyPeer, after);
    if (changes.some(({ type }) => type === 'proxy')) rebuild();
    if (before === null || changes.length > 0) onChange();
  }

  /** Notes who has left, and who is back. */
  #compare(before: PeerState, after: PeerState): void {
    if (before.proxies === after.proxies) return;
    const gone = [...before.proxies].filter(([id]) => !after.proxies.has(id)).map(([, proxy]) => proxy);
    this.#leave(before, gone);
    for (const [id, proxy] of after.proxies) if (!before.proxies.has(id)) this.#left.delete(proxy);
  }

  #leave(peer: PeerState, proxies: Iterable<PeerProxy> = peer.proxies.values()): void {
    const { clock } = this.#options;
    const now = { monotonicMs: clock.monotonicMs(), wallMs: clock.now() };
    for (const proxy of proxies) this.#left.add(proxy, peer, now);
  }

  #closed(stream: ReportStream): void {
    this.#streams.delete(stream);
    for (const [replica, peer] of this.#peers) {
      if (peer.stream !== stream) continue;
      this.#peers.delete(replica);
      this.#leave(peer.state);
      this.#options.log.info({ replica }, 'replica disconnected');
      this.#options.onChange();
    }
  }
}

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
