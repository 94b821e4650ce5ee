// One exchange over HTTP/2, header by header: a client and an application that do what a shape says, and note what comes. Entry:
// startHttp2Application.
import { once } from 'node:events';
import { type ClientHttp2Stream, connect, type ServerHttp2Stream } from 'node:http2';
import type { Closing } from '../data-plane/closing.ts';
import { startHttp2Server } from '../data-plane/http2-server.ts';
import type { Transcript } from './exchange.ts';
import type { Field, Message } from './message.ts';

type Headers = Readonly<Record<string, string | readonly string[]>>;

export interface Side {
  readonly headers: Headers;
  readonly body?: string;
  readonly trailers?: Headers;
}

export interface Http2Shape {
  readonly request: Side;
  /** Responses with the statuses 1xx, and the last one. */
  readonly responses: readonly Side[];
}

export interface Http2Application {
  readonly port: number;
  exchange(port: number, shape: Http2Shape): Promise<Transcript>;
}

export async function startHttp2Application(closing: Closing): Promise<Http2Application> {
  let turn: ((stream: ServerHttp2Stream, headers: readonly Field[]) => void) | null = null;
  const applicationPort = await startHttp2Server(
    closing,
    (stream, _headers, _flags, raw) => turn?.(stream, fields(raw)),
    { settings: { enableConnectProtocol: true, maxHeaderListSize: 1_000_000 }, maxHeaderListPairs: 2_000 },
  );
  const exchange = async (port: number, shape: Http2Shape): Promise<Transcript> => {
    let request: Promise<Message> | null = null;
    turn = (stream, headers) => {
      request = received(stream, headers);
      void answer(stream, request, shape);
    };
    const messages = await ask(port, shape.request);
    turn = null;
    // The assertion: an assignment in a callback is unknown to the compiler.
    const seen = request as Promise<Message> | null;
    return {
      application: { messages: seen === null ? [] : [await seen], rest: '' },
      client: { messages, rest: '' },
    };
  };
  return { port: applicationPort, exchange };
}

async function answer(
  stream: ServerHttp2Stream,
  request: Promise<Message>,
  shape: Http2Shape,
): Promise<void> {
  // Who opens a tunnel waits for the answer before it goes on.
  const isTunnel = shape.request.headers[':method'] === 'CONNECT';
  if (!isTunnel) await request;
  for (const response of shape.responses) {
    if (String(response.headers[':status']).startsWith('1'))
      stream.additionalHeaders(outgoing(response.headers));
    else {
      stream.respond(outgoing({ date: 'today', ...response.headers }), {
        waitForTrailers: response.trailers !== undefined,
      });
      if (isTunnel) await request;
      end(stream, response);
    }
  }
}

/** What the client gets, up to the end of the stream. */
async function ask(port: number, request: Side): Promise<readonly Message[]> {
  const session = connect(`http://127.0.0.1:${port}`, {
    settings: { enablePush: false },
    maxHeaderListPairs: 2_000,
  });
  session.on('error', () => undefined);
  const messages: Message[] = [];
  try {
    await once(session, 'remoteSettings');
    const stream: ClientHttp2Stream = session.request(outgoing(request.headers), {
      endStream: request.body === undefined && request.trailers === undefined,
      waitForTrailers: request.trailers !== undefined,
    });
    stream.setTimeout(60_000, () => {
      stream.close();
    });
    stream.on('error', () => undefined);
    stream.on('headers', (_headers, _flags, raw: string[]) => {
      messages.push(message(fields(raw), '', []));
    });
    const head = new Promise<readonly Field[] | null>((resolve) => {
      stream.on('response', (_headers, _flags, raw: string[]) => {
        resolve(fields(raw));
      });
      stream.on('close', () => {
        resolve(null);
      });
    });
    if (request.body !== undefined || request.trailers !== undefined) end(stream, request);
    const headers = await head;
    if (headers !== null) messages.push(await received(stream, headers));
    return messages;
  } finally {
    session.destroy();
  }
}

function end(stream: ClientHttp2Stream | ServerHttp2Stream, { body = '', trailers }: Side): void {
  if (trailers) {
    stream.once('wantTrailers', () => {
      stream.sendTrailers(outgoing(trailers));
    });
  }
  stream.end(Buffer.from(body, 'latin1'));
}

async function received(
  stream: ClientHttp2Stream | ServerHttp2Stream,
  headers: readonly Field[],
): Promise<Message> {
  let trailers: readonly Field[] = [];
  stream.on('trailers', (_headers: unknown, _flags: unknown, raw: string[]) => {
    trailers = fields(raw);
  });
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  await new Promise<void>((resolve) => {
    stream.on('end', resolve);
    stream.on('close', resolve);
  });
  return message(headers, Buffer.concat(chunks).toString('latin1'), trailers);
}

function message(headers: readonly Field[], body: string, trailers: readonly Field[]): Message {
  return { start: 'HTTP/2', headers, framing: 'none', body, trailers };
}

/** Node takes no readonly lists. */
function outgoing(headers: Headers): Record<string, string | string[]> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, typeof value === 'string' ? value : [...value]]),
  );
}

/** Node's flat list of names and values. */
function fields(raw: readonly string[]): readonly Field[] {
  return raw.flatMap((name, at) => (at % 2 === 0 ? [`${name}: ${raw[at + 1] ?? ''}`] : []));
}
