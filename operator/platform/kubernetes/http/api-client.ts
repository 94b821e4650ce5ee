// HTTP to the API server with the credentials of a kubeconfig: whole answers and endless ones. One attempt each;
// retry.ts repeats, informer.ts watches. client-node's own HTTP layer is not used: 2.0.1 makes a connection pool
// for each request and never closes it, and has no timeout on calls.
import type { KubeConfig } from '@kubernetes/client-node';
import http, { type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import https, { type RequestOptions } from 'node:https';
import { urlToHttpOptions } from 'node:url';
import { isProtobuf, readStatus } from '../protobuf/list.ts';
import { Agents, probeAfterMs } from './agents.ts';
import { apiErrorOf } from './api-error.ts';
import type { JitteredClock } from './jittered-clock.ts';
import { UnderWay } from './under-way.ts';

export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** From the root of the API, for example /api/v1/namespaces; encoded, and without a query. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Default: application/json. */
  readonly contentType?: string;
  /** Of the answer; errors come as JSON nevertheless. Default: application/json. */
  readonly accept?: string;
}

/** Sends a request and returns the parsed answer; rejects with ApiError if the server refuses. */
export interface ApiCaller {
  call(request: ApiRequest, signal?: AbortSignal): Promise<unknown>;
}

/** Sends a request and returns the answer as it came; rejects with ApiError if the server refuses. */
export interface ApiReader {
  read(request: ApiRequest, signal?: AbortSignal): Promise<Buffer>;
}

/** Opens an answer that goes on; rejects with ApiError if the server refuses. The signal ends it. */
export interface ApiStreamer {
  open(request: ApiRequest, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
}

export interface ApiClientOptions {
  readonly kubeConfig: KubeConfig;
  readonly clock: JitteredClock;
  /** For one attempt of a call, from start to the last byte. Default: 30 s. */
  readonly callTimeoutMs?: number;
}

/**
 * How long credentials are used before they are read again, unless a request fails with them: tokens and certificates are renewed in
 * place, long before they expire. (client-node reads the file of a token once a minute, as client-go does.)
 */
const credentialsMs = 30_000;

interface Credentials {
  /** Where the API server is, and how it is called. */
  readonly server: RequestOptions;
  /** Headers. */
  readonly authorization: OutgoingHttpHeaders;
}

export class ApiClient implements ApiCaller, ApiReader, ApiStreamer {
  readonly #kubeConfig: KubeConfig;
  readonly #callTimeoutMs: number;
  readonly #clock: JitteredClock;
  readonly #agents = new Agents();
  #credentials: { readonly readAtMs: number; readonly options: Promise<Credentials> } | undefined;

  constructor(options: ApiClientOptions) {
    this.#kubeConfig = options.kubeConfig;
    this.#callTimeoutMs = options.callTimeoutMs ?? 30_000;
    this.#clock = options.clock;
  }

  async call(request: ApiRequest, signal?: AbortSignal): Promise<unknown> {
    const body: unknown = JSON.parse(await this.#receive(request, signal, textOf));
    return body;
  }

  async read(request: ApiRequest, signal?: AbortSignal): Promise<Buffer> {
    return await this.#receive(request, signal, bytesOf);
  }

  async #receive<T>(
    request: ApiRequest,
    signal: AbortSignal | undefined,
    bodyOf: (answer: IncomingMessage) => Promise<T>,
  ): Promise<T> {
    const underWay = new UnderWay();
    const cancel = this.#clock.after(this.#callTimeoutMs, () => {
      underWay.end(new Error(`${name(request)}: no answer in ${this.#callTimeoutMs} ms`));
    });
    const unlink = endWith(signal, underWay, request);
    try {
      return await bodyOf(await this.#send(request, underWay));
    } catch (error) {
      throw underWay.reasonFor(error);
    } finally {
      cancel();
      unlink();
    }
  }

  async open(request: ApiRequest, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    const underWay = new UnderWay();
    const unlink = endWith(signal, underWay, request);
    try {
      const answer = await this.#send(request, underWay);
      answer.once('close', unlink);
      // The agent does so only when it takes a connection back.
      answer.socket.setKeepAlive(true, probeAfterMs);
      return answer;
    } catch (error) {
      unlink();
      throw underWay.reasonFor(error);
    }
  }

  /** Closes all connections: requests that are under way fail. */
  close(): void {
    this.#agents.destroy();
  }

  async #send(request: ApiRequest, underWay: UnderWay): Promise<IncomingMessage> {
    const options = await this.#options(request);
    const body = request.body === undefined ? undefined : JSON.stringify(request.body);
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const call = (options.protocol === 'http:' ? http : https).request(options, resolve);
      underWay.follow(call);
      call.on('error', (cause) => {
        if (underWay.endedBy === undefined) this.#credentials = undefined;
        reject(new Error(`${name(request)}: ${cause.message}`, { cause }));
      });
      call.end(body);
    });
    underWay.follow(answer);
    const code = answer.statusCode ?? 0;
    if (code >= 200 && code < 300) return answer;
    if (code === 401) this.#credentials = undefined;
    throw apiErrorOf(name(request), await readRefusal(answer), {
      code,
      retryAfter: answer.headers['retry-after'],
    });
  }

  async #options(request: ApiRequest): Promise<RequestOptions> {
    const { server, authorization } = await this.#readCredentials();
    const { accept: Accept = 'application/json', contentType = 'application/json' } = request;
    const type = request.body === undefined ? {} : { 'Content-Type': contentType };
    const headers = { Accept, 'User-Agent': 'meshwright', ...type, ...authorization };
    const path = `${server.path}${request.path}${queryOf(request)}`;
    return { ...server, headers, method: request.method, path };
  }

  async #readCredentials(): Promise<Credentials> {
    const now = this.#clock.monotonicMs();
    if (this.#credentials === undefined || now - this.#credentials.readAtMs > credentialsMs)
      this.#credentials = { readAtMs: now, options: this.#loadCredentials() };
    const { options } = this.#credentials;
    try {
      return await options;
    } catch (error) {
      if (this.#credentials.options === options) this.#credentials = undefined;
      throw error;
    }
  }

  async #loadCredentials(): Promise<Credentials> {
    const authorization: OutgoingHttpHeaders = {};
    const options: RequestOptions = { headers: authorization };
    const server = serverOf(this.#kubeConfig);
    await this.#kubeConfig.applyToHTTPSOptions(options);
    // The agent that was put in keeps no connection alive; it is needed only to go through a proxy.
    if (this.#kubeConfig.getCurrentCluster()?.proxyUrl !== undefined)
      return { server: { ...server, ...options }, authorization };
    const agent = this.#agents.agentFor(server.protocol === 'http:' ? 'http:' : 'https:', options);
    return {
      server: { ...server, agent, ...(options.auth != null && { auth: options.auth }) },
      authorization,
    };
  }
}

/** Its path is a prefix: that of a proxy in front of the API server, or nothing. */
function serverOf(kubeConfig: KubeConfig): RequestOptions {
  const cluster = kubeConfig.getCurrentCluster();
  if (cluster === null) throw new Error('The kubeconfig has no current cluster. Set current-context.');
  const { protocol, hostname, port, auth, path } = urlToHttpOptions(new URL(cluster.server));
  return {
    protocol,
    hostname,
    port,
    ...(auth != null && { auth }),
    path: path?.replace(/\/$/, '') ?? '',
  };
}

function queryOf({ query }: ApiRequest): string {
  return query === undefined ? '' : `?${new URLSearchParams(query).toString()}`;
}

/** Returns what lets go of the signal. */
function endWith(signal: AbortSignal | undefined, underWay: UnderWay, request: ApiRequest): () => void {
  const end = (): void => underWay.end(new Error(`${name(request)}: ended by the operator`));
  if (signal?.aborted === true) end();
  signal?.addEventListener('abort', end);
  return () => signal?.removeEventListener('abort', end);
}

function name(request: ApiRequest): string {
  return `${request.method} ${request.path}`;
}

async function textOf(answer: IncomingMessage): Promise<string> {
  return (await bytesOf(answer)).toString();
}

function bytesOf(answer: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    answer.on('data', (chunk: Buffer) => chunks.push(chunk));
    // A socket that waits for the next request still knows the listeners of its first one.
    answer.on('end', () => resolve(Buffer.concat(chunks.splice(0))));
    answer.on('error', reject);
    answer.on('close', () => {
      if (!answer.readableEnded) reject(new Error('The connection was closed before the end of the answer.'));
    });
  });
}

/** A Status: as JSON, or as protobuf if that was asked for. */
async function readRefusal(answer: IncomingMessage): Promise<unknown> {
  const body = await bytesOf(answer);
  try {
    if (isProtobuf(body)) return readStatus(body);
    const parsed: unknown = JSON.parse(body.toString());
    return parsed;
  } catch {
    // Plain text, from something between us and the API server.
    return { message: body.toString().slice(0, 200).trim() || undefined };
  }
}
