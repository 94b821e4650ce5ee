// HTTP to the API server with the credentials of a kubeconfig: whole answers and endless ones. One attempt each;
// retry.ts repeats, informer.ts watches. client-node's own HTTP layer is not used: 2.0.1 makes a connection pool
// for each request and never closes it, and has no timeout on calls.
import type { KubeConfig } from '@kubernetes/client-node';
import http, { type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import { finished } from 'node:stream/promises';
import https, { type RequestOptions } from 'node:https';
import { isProtobuf, readStatus } from '../protobuf/list.ts';
import { Agents, probeAfterMs } from './agents.ts';
import { apiErrorOf } from './api-error.ts';
import { linkAbort } from './linked-abort.ts';
import type { JitteredClock } from './jittered-clock.ts';

export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** From the root of the API, for example /api/v1/namespaces. */
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

interface Credentials extends RequestOptions {
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
    const abort = linkAbort(signal);
    let late = false;
    const cancel = this.#clock.after(this.#callTimeoutMs, () => {
      late = true;
      abort.abort();
    });
    try {
      const answer = await this.#send(request, abort.signal);
      return await bodyOf(answer);
    } catch (error) {
      throw late
        ? new Error(`${name(request)}: no answer in ${this.#callTimeoutMs} ms`, { cause: error })
        : error;
    } finally {
      cancel();
      abort.unlink();
    }
  }

  async open(request: ApiRequest, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    const answer = await this.#send(request, signal);
    // The agent does so only when it takes a connection back.
    answer.socket.setKeepAlive(true, probeAfterMs);
    return answer;
  }

  /** Closes all connections: requests that are under way fail. */
  close(): void {
    this.#agents.destroy();
  }

  async #send(request: ApiRequest, signal: AbortSignal): Promise<IncomingMessage> {
    const options = await this.#options(request);
    const body = request.body === undefined ? undefined : JSON.stringify(request.body);
    const url = this.#url(request);
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const call = (url.protocol === 'http:' ? http : https).request(url, { ...options, signal }, resolve);
      call.on('error', (cause) => {
        if (!signal.aborted) this.#credentials = undefined;
        reject(new Error(`${name(request)}: ${cause.message}`, { cause }));
      });
      call.end(body);
    });
    const code = answer.statusCode ?? 0;
    if (code >= 200 && code < 300) return answer;
    if (code === 401) this.#credentials = undefined;
    throw apiErrorOf(name(request), await readRefusal(answer), {
      code,
      retryAfter: answer.headers['retry-after'],
    });
  }

  async #options(request: ApiRequest): Promise<RequestOptions> {
    const type =
      request.body === undefined ? {} : { 'Content-Type': request.contentType ?? 'application/json' };
    const { authorization, ...options } = await this.#readCredentials();
    const { accept: Accept = 'application/json' } = request;
    const headers = { Accept, 'User-Agent': 'meshwright', ...type, ...authorization };
    return { ...options, headers, method: request.method };
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
    await this.#kubeConfig.applyToHTTPSOptions(options);
    // The agent that was put in keeps no connection alive; it is needed only to go through a proxy.
    if (this.#kubeConfig.getCurrentCluster()?.proxyUrl !== undefined) return { ...options, authorization };
    const { auth } = options;
    const agent = this.#agents.agentFor(this.#protocol(), options);
    return { authorization, agent, ...(auth != null && { auth }) };
  }

  #protocol(): 'http:' | 'https:' {
    return this.#server().startsWith('http:') ? 'http:' : 'https:';
  }

  #server(): string {
    const cluster = this.#kubeConfig.getCurrentCluster();
    if (cluster === null) throw new Error('The kubeconfig has no current cluster. Set current-context.');
    return cluster.server.replace(/\/$/, '');
  }

  #url(request: ApiRequest): URL {
    const url = new URL(this.#server() + request.path);
    for (const [key, value] of Object.entries(request.query ?? {})) url.searchParams.set(key, value);
    return url;
  }
}

function name(request: ApiRequest): string {
  return `${request.method} ${request.path}`;
}

async function textOf(answer: IncomingMessage): Promise<string> {
  return (await bytesOf(answer)).toString();
}

async function bytesOf(answer: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  answer.on('data', (chunk: Buffer) => chunks.push(chunk));
  await finished(answer);
  // A socket that waits for the next request still knows the listeners of its first one.
  return Buffer.concat(chunks.splice(0));
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
