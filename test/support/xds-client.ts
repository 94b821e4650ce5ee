// A client of the discovery service over real gRPC, whose every message a test writes itself. Entry: connectXds.
import { Client, credentials, status, type ChannelCredentials, type ClientDuplexStream } from '@grpc/grpc-js';
import type { SotwRequest } from '../../operator/xds/wire/requests.ts';
import { decode } from '../../operator/envoy/proto/registry.ts';
import type { TypeUrl } from '../../operator/envoy/proto/type-urls.ts';
import type { EnvoyMessage } from '../../operator/envoy/proto/envoy-message.ts';
import {
  decodeDeltaResponse,
  discoveryTypes,
  decodeResponse,
  encodeDeltaRequest,
  encodeRequest,
  type DeltaFields,
  type ReceivedResource,
} from './envoy/discovery-client.ts';

export interface Received {
  readonly typeUrl: string;
  readonly nonce: string;
  /** State of the world only. */
  readonly versionInfo: string;
  readonly controlPlane: string;
  /** State of the world: with the name in the message, and no version. */
  readonly resources: readonly ReceivedResource[];
  readonly removed: readonly string[];
  readonly bytes: Buffer;
}

/** Of a type and with a node of its own unless given; a type that is no type of ours can be asked for, too. */
export type Request = Partial<DeltaFields & SotwRequest>;

export interface ConnectOptions {
  readonly port: number;
  readonly variant: 'delta' | 'sotw';
  /** Default: plaintext. */
  readonly credentials?: ChannelCredentials;
}

export interface Ended {
  /** The name of the gRPC status, for example `PERMISSION_DENIED`. */
  readonly status: string;
  readonly details: string;
}

/** How long a test waits for something that has to happen. */
const deadlineMs = 60_000;

export function connectXds(options: ConnectOptions): XdsClient {
  return new XdsClient(options);
}

export class XdsClient {
  readonly ended: Promise<Ended>;
  private readonly variant: ConnectOptions['variant'];
  private readonly channel: Client;
  private readonly call: ClientDuplexStream<Buffer, Buffer>;
  private readonly received: Received[] = [];
  private taker: ((received: Received) => void) | null = null;
  private readonly waiting: ((received: Received) => void)[] = [];

  constructor({ port, variant, credentials: given }: ConnectOptions, channel?: Client) {
    this.variant = variant;
    this.channel =
      channel ??
      new Client(`127.0.0.1:${port}`, given ?? credentials.createInsecure(), {
        'grpc.use_local_subchannel_pool': 1,
        'grpc.max_receive_message_length': -1,
      });
    const method = variant === 'delta' ? 'DeltaAggregatedResources' : 'StreamAggregatedResources';
    this.call = this.channel.makeBidiStreamRequest(
      `/envoy.service.discovery.v3.AggregatedDiscoveryService/${method}`,
      (bytes: Buffer) => bytes,
      (bytes: Buffer) => bytes,
    );
    this.ended = new Promise((resolve) => {
      this.call.on('status', ({ code, details }) => resolve({ status: status[code], details }));
    });
    // The status says it all.
    this.call.on('error', () => undefined);
    this.call.on('data', (bytes: Buffer) => this.take(this.read(bytes)));
  }

  /** Another stream on the same connection: it ends with this one. */
  another(): XdsClient {
    return new XdsClient({ port: 0, variant: this.variant }, this.channel);
  }

  send(request: Request): void {
    this.sendBytes(this.variant === 'delta' ? encodeDeltaRequest(request) : encodeRequest(request));
  }

  sendBytes(bytes: Uint8Array): void {
    this.call.write(Buffer.from(bytes));
  }

  /** Subscribes as a node, in the first message of the stream. */
  start(nodeId: string, typeUrl: TypeUrl, names: readonly string[] = []): void {
    this.send({ nodeId, typeUrl, names, subscribe: names });
  }

  ack(response: Received, names: readonly string[] = []): void {
    const { typeUrl, nonce, versionInfo } = response;
    this.send({ typeUrl, nonce, versionInfo, names });
  }

  nack(response: Received, message: string, names: readonly string[] = []): void {
    const { typeUrl, nonce } = response;
    this.send({ typeUrl, nonce, error: { code: 13, message }, names });
  }

  /** The next response; rejects when the stream ends before, or at the deadline. */
  async next(): Promise<Received> {
    const first = this.received.shift();
    if (first !== undefined) return first;
    const arrives = new Promise<Received>((resolve) => this.waiting.push(resolve));
    const ends = this.ended.then((how) => {
      throw new Error(`the stream ended: ${how.status} ${how.details}`);
    });
    return within(deadlineMs, 'a response', Promise.race([arrives, ends]));
  }

  /** Every response goes there from now on, instead of to `next`. */
  onResponse(take: (response: Received) => void): void {
    this.taker = take;
  }

  /** Acknowledges what comes until a response satisfies; resolves to it. */
  async nextThat(satisfies: (response: Received) => boolean): Promise<Received> {
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other is what a stream is
      const response = await this.next();
      this.ack(response);
      if (satisfies(response)) return response;
    }
  }

  /** Reads nothing any more: the connection's windows fill up. */
  stopReading(): void {
    this.call.pause();
  }

  /** The client has no more to say. */
  halfClose(): void {
    this.call.end();
  }

  async end(): Promise<Ended> {
    return within(deadlineMs, 'the end of the stream', this.ended);
  }

  close(): void {
    this.call.cancel();
    this.channel.close();
  }

  private take(response: Received): void {
    if (this.taker !== null) {
      this.taker(response);
      return;
    }
    const waiter = this.waiting.shift();
    if (waiter === undefined) this.received.push(response);
    else waiter(response);
  }

  private read(bytes: Buffer): Received {
    if (this.variant === 'delta') {
      const { systemVersion: _, ...rest } = decodeDeltaResponse(bytes);
      const controlPlane = controlPlaneOf(decode(discoveryTypes.deltaResponse, bytes));
      return { ...rest, versionInfo: '', controlPlane, bytes };
    }
    const { messages, ...rest } = decodeResponse(bytes);
    const resources = messages.map((message) => ({ name: nameOf(message), version: '', message }));
    const controlPlane = controlPlaneOf(decode(discoveryTypes.response, bytes));
    return { ...rest, resources, removed: [], controlPlane, bytes };
  }
}

function controlPlaneOf(response: EnvoyMessage): string {
  const controlPlane = response['control_plane'] as EnvoyMessage | undefined;
  return (controlPlane?.['identifier'] ?? '') as string;
}

function nameOf(message: EnvoyMessage): string {
  return (message['name'] ?? message['cluster_name'] ?? '') as string;
}

/** Rejects when it takes longer. */
export async function within<T>(ms: number, what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${ms} ms for ${what}`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
