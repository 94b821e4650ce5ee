// One ADS stream: bytes in, events to the session, effects out as bytes. All decisions are the session's.
import { status } from '@grpc/grpc-js';
import { readDeltaRequest } from '../wire/read-delta-request.ts';
import { readIdentity } from '../wire/read-identity.ts';
import { readSotwRequest } from '../wire/read-sotw-request.ts';
import { LimitError } from '../wire/limits.ts';
import { MessageError } from '../../envoy/proto/message-error.ts';
import type * as wire from '../wire/requests.ts';
import { typeUrl, type TypeUrl } from '../../envoy/proto/type-urls.ts';
import type { Effect, Send, SessionEvent } from '../session/events.ts';
import { reduce } from '../session/session.ts';
import type { PresentedLeaf } from '../../values/presented-leaf.ts';
import { newSession, type Session } from '../session/state.ts';
import { frameOf } from './frames.ts';
import { newSendLane, type SendLane, type SendQueue } from './send-queue.ts';
import { EarlyRequests } from './early-requests.ts';
import { chunkWriter, readOneAtATime, type Call } from './raw-call.ts';

type Request = wire.DeltaRequest | wire.SotwRequest;

const knownTypes: ReadonlyMap<string, TypeUrl> = new Map(Object.values(typeUrl).map((it) => [it, it]));

export interface StreamHost {
  readonly nowMs: () => number;
  /** The stream's first request: who is it? Returns false after ending a stream that may not go on. */
  identify(stream: Stream, nodeId: string): boolean;
  /** A request has come: `read` is called with it when it is the stream's turn. */
  arrived(stream: Stream, bytes: Buffer): void;
  /** After every event: the state of the session may have moved. */
  moved(stream: Stream, effects: readonly Effect[]): void;
  closed(stream: Stream): void;
  /** Told with the first response of each type. */
  readonly controlPlane: string;
  readonly sendQueue: SendQueue;
}

export class Stream {
  session: Session;
  nodeId = '';
  /** Set by the host once the node is known and allowed. */
  workload: string | null = null;
  /** What its workload proved to be; null where nothing is proven. */
  identity: string | null = null;
  /** The certificate that its connection was made with; null: unknown. */
  leaf: PresentedLeaf | null = null;
  /** Why it is not identified yet, if there is more to say than that nobody knows its workload. */
  obstacle: string | null = null;
  readonly connectedAtMs: number;
  /** Since when it has not acknowledged all there is for it; null: it has. */
  behindSince: Date | null = null;
  /** The last session of the same proxy, until this one has said what it has. */
  earlier: Session | null = null;
  readonly call: Call;
  /** Address and port of the client. */
  readonly peer: string;
  private readonly host: StreamHost;
  private readonly lane: SendLane;
  private readonly toldBy = new Set<TypeUrl>();
  private readonly timers = new Set<NodeJS.Timeout>();
  private readonly early = new EarlyRequests();
  private isOpen = true;
  private hasNamedItself = false;

  constructor(call: Call, variant: Session['variant'], host: StreamHost) {
    this.call = call;
    this.peer = call.getPeer();
    this.host = host;
    this.lane = newSendLane(chunkWriter(call));
    this.session = newSession(variant);
    this.connectedAtMs = host.nowMs();
    readOneAtATime(call);
    call.on('data', (bytes: Buffer) => host.arrived(this, bytes));
    call.on('end', () => this.end());
    call.on('error', () => this.close());
    call.on('cancelled', () => this.close());
    call.on('close', () => this.close());
  }

  dispatch(event: SessionEvent): void {
    if (!this.isOpen) return;
    // What is decoded only where it is needed may be damaged.
    const step = this.decoded(() => reduce(this.session, event));
    if (step === null) return;
    this.session = step.session;
    for (const effect of step.effects) this.perform(effect);
    this.host.moved(this, step.effects);
  }

  fail(code: status, message: string): void {
    if (!this.isOpen) return;
    this.call.emit('error', { code, details: message });
    this.close();
  }

  end(): void {
    if (!this.isOpen) return;
    this.close();
    this.call.end();
  }

  /** Whose requests these are: of a workload, or of an address while nobody knows. */
  client(): string {
    return this.workload ?? this.peer.slice(0, this.peer.lastIndexOf(':'));
  }

  pause(): void {
    this.call.pause();
  }

  resume(): void {
    this.call.resume();
  }

  /** A request. */
  read(bytes: Buffer): void {
    if (!this.isOpen) return;
    // Nobody's request is decoded before it is known who asks.
    if (!this.hasNamedItself && !this.identify(bytes)) return;
    const request = this.decoded(() => {
      if (this.session.view === null) this.early.add(bytes.length);
      return this.decode(bytes);
    });
    if (request === null || !this.checkNode(request.nodeId)) return;
    if (request.typeUrl === '') return this.fail(status.INVALID_ARGUMENT, 'type_url is empty');
    const type = knownTypes.get(request.typeUrl);
    // A type we do not serve disturbs nobody: the other types of the stream go on.
    if (type !== undefined) this.dispatch(this.eventOf(request, type));
  }

  private decode(bytes: Buffer): Request {
    return this.session.variant === 'delta' ? readDeltaRequest(bytes) : readSotwRequest(bytes);
  }

  /** null: the stream was ended, since the bytes are damaged or ask for too much. */
  private decoded<T>(decode: () => T): T | null {
    try {
      return decode();
    } catch (error) {
      if (error instanceof LimitError) {
        this.fail(status.RESOURCE_EXHAUSTED, error.message);
        return null;
      }
      if (!(error instanceof MessageError)) throw error;
      this.fail(status.INVALID_ARGUMENT, `the request cannot be read: ${error.message}`);
      return null;
    }
  }

  private identify(bytes: Buffer): boolean {
    const nodeId = this.decoded(() => readIdentity(bytes, this.session.variant) ?? '');
    if (nodeId === null) return false;
    if (nodeId === '') {
      this.fail(status.INVALID_ARGUMENT, 'the first request of a stream needs node.id');
      return false;
    }
    this.hasNamedItself = true;
    this.nodeId = nodeId;
    return this.host.identify(this, nodeId);
  }

  /** The node comes once per stream, with the first request; another one later would be another proxy. */
  private checkNode(nodeId: string | null): boolean {
    if (nodeId === null || nodeId === '' || nodeId === this.nodeId) return true;
    this.fail(status.INVALID_ARGUMENT, 'node.id changed during the stream');
    return false;
  }

  private eventOf(request: Request, type: TypeUrl): SessionEvent {
    const nowMs = this.host.nowMs();
    if ('subscribe' in request) return { type: 'delta', request: { ...request, typeUrl: type }, nowMs };
    return { type: 'sotw', request: { ...request, typeUrl: type }, nowMs };
  }

  private perform(effect: Effect): void {
    if (effect.type === 'send') this.send(effect);
    else if (effect.type === 'wake') this.wakeAt(effect.atMs);
  }

  private send(effect: Send): void {
    const isTold = this.toldBy.has(effect.typeUrl);
    this.toldBy.add(effect.typeUrl);
    const controlPlane = isTold ? null : this.host.controlPlane;
    this.host.sendQueue.send(this.lane, frameOf(effect, this.session.variant, controlPlane));
  }

  private wakeAt(atMs: number): void {
    const timer = setTimeout(
      () => {
        this.timers.delete(timer);
        // Timers count whole milliseconds and may fire a little early: it is that time nevertheless.
        this.dispatch({ type: 'wake', nowMs: Math.max(atMs, this.host.nowMs()) });
      },
      Math.max(0, atMs - this.host.nowMs()),
    );
    this.timers.add(timer);
  }

  private close(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    for (const timer of this.timers) clearTimeout(timer);
    this.host.sendQueue.close(this.lane);
    this.host.closed(this);
  }
}
