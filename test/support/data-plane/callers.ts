// Callers: one HTTP request, or one TCP connection, each on a connection of its own.
import { once } from 'node:events';
import { Agent, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Seen } from './applications.ts';

export interface Call {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** The address to call from. Default: any. */
  readonly from?: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export async function call(port: number, options: Call = {}): Promise<Answer> {
  const { method = 'GET', path = '/', headers = {}, body = '', host = '127.0.0.1', from } = options;
  const agent = new Agent({ keepAlive: false });
  const length = 'transfer-encoding' in headers ? {} : { 'content-length': String(Buffer.byteLength(body)) };
  const all = { ...length, ...headers };
  const outgoing = request({ host, port, method, path, headers: all, agent, localAddress: from });
  const responded = once(outgoing, 'response');
  const upgraded = once(outgoing, 'upgrade');
  outgoing.end(body);
  const [response, socket] = (await Promise.race([responded, upgraded])) as [IncomingMessage, Socket?];
  // Nothing more is said after the switch.
  socket?.destroy();
  const said = socket === undefined ? await text(response) : '';
  return { status: response.statusCode ?? 0, headers: response.headers, body: said };
}

/** Headers of a kubelet, besides the address of the pod as host. */
export const ofKubelet = { 'user-agent': 'kube-probe/1.34', accept: '*/*', connection: 'close' } as const;
/** Of its gRPC probes. */
export const ofGrpcKubelet = {
  'user-agent': 'kube-probe/1.34 grpc-go/1.72.1',
  'content-type': 'application/grpc',
  te: 'trailers',
} as const;

/** What the application saw of the call. */
export async function seenBy(port: number, options: Call = {}): Promise<Seen> {
  const { status, body } = await call(port, options);
  if (status !== 200) throw new Error(`status ${status}: ${body}`);
  return JSON.parse(body) as Seen;
}

/** Says nothing, and resolves to what comes: until so many bytes are there, or the other end closes. */
export function listenOnly(port: number, expected: number): Promise<string> {
  return hear(connect({ host: '127.0.0.1', port }), expected);
}

/** Speaks at once, and resolves to what comes until the other end closes. */
export function converse(port: number, words: string): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port });
  socket.write(words);
  return hear(socket, Infinity);
}

/** With a greeter: hears its greeting, says eight bytes, hears them again and hangs up. */
export async function talk(port: number): Promise<void> {
  const socket = connect({ host: '127.0.0.1', port });
  await once(socket, 'data');
  socket.write('12345678');
  await once(socket, 'data');
  socket.end();
  await once(socket, 'close');
}

export interface OpenWebSocket {
  /** Says a word and resolves to what is said next; rejects if the connection has ended. */
  say(word: string): Promise<string>;
  close(): void;
}

/** Knows nothing of frames: what applications of tests say is plain. */
export async function openWebSocket(port: number, path: string): Promise<OpenWebSocket> {
  const headers = { connection: 'upgrade', upgrade: 'websocket' };
  const outgoing = request({ host: '127.0.0.1', port, path, headers, agent: false });
  outgoing.end();
  const [, socket] = (await once(outgoing, 'upgrade')) as [IncomingMessage, Socket];
  socket.setEncoding('utf8').on('error', () => undefined);
  return {
    say: async (word) => {
      if (socket.readableEnded || socket.destroyed) throw new Error('the WebSocket has ended');
      const heard = Promise.race([
        once(socket, 'data'),
        once(socket, 'close').then(() => Promise.reject(new Error('the WebSocket was cut'))),
      ]);
      socket.write(word);
      return String((await heard)[0]);
    },
    close: () => {
      socket.destroy();
    },
  };
}

async function hear(socket: Socket, expected: number): Promise<string> {
  socket.setEncoding('utf8');
  let heard = '';
  await new Promise<void>((resolve) => {
    socket.on('data', (chunk: string) => {
      heard += chunk;
      if (heard.length >= expected) resolve();
    });
    // A reset is one of the ways to be closed.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      resolve();
    });
  });
  socket.destroy();
  return heard;
}
