// The dashboard on a local port: what the browser asks for goes to the operator with a token that the browser never sees. Other users of this
// machine reach the port, too, and so do pages of other sites: they lack the key, which is in the address that is printed, then in a
// cookie. Entry: createProxy.
import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import { debugRefusal } from '../../admin/debug-access.ts';
import type { Tokens } from './token.ts';

export interface ProxyOptions {
  /** A secret of this run: 128 random bits or more, of letters and digits. */
  readonly key: string;
  readonly tokens: Pick<Tokens, 'get' | 'drop'>;
  /** Where the operator is now. Rejects with a sentence if it cannot be reached. */
  readonly operator: () => Promise<URL>;
}

const prefix = '/dashboard/';
const answerMs = 20_000;
/** Of answers of the operator. */
const passedOn = [
  'content-type',
  'content-security-policy',
  'referrer-policy',
  'cache-control',
  'x-content-type-options',
  'cross-origin-resource-policy',
  'cross-origin-opener-policy',
] as const;

/** To be listened with on 127.0.0.1. */
export function createProxy(options: ProxyOptions): Server {
  return createServer((incoming, response) => {
    serve(options, incoming, response).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else say(response, 502, error instanceof Error ? error.message : String(error));
    });
  });
}

async function serve(
  options: ProxyOptions,
  incoming: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { headers, socket, method } = incoming;
  const { remoteAddress, localAddress, localPort } = socket;
  const url = new URL(incoming.url ?? '/', 'http://localhost');
  const cookie = `meshwright-${localPort}`;
  const isEntering = url.pathname === '/' && isSame(url.searchParams.get('key') ?? '', options.key);
  // Whoever knows the key may have it in a link elsewhere: in the file of --open, in notes.
  const judged = isEntering ? { host: headers.host } : headers;
  const refusal = debugRefusal({ remoteAddress, localAddress, headers: judged }, 'the dashboard');
  if (refusal !== undefined) return say(response, 403, refusal);
  if (method !== 'GET' && method !== 'HEAD')
    return say(response, 405, 'Only GET and HEAD are answered here.');
  if (isEntering) return enter(response, `${cookie}=${options.key}`);
  if (!cookiesOf(headers.cookie, cookie).some((it) => isSame(it, options.key)))
    return say(response, 403, 'Use the address that meshwright dashboard has printed, with its key.');
  if (url.pathname === '/') return void response.writeHead(303, { location: prefix, ...secret }).end();
  if (!url.pathname.startsWith(prefix)) return say(response, 404, 'There is nothing here but /dashboard/.');
  return passOn(options, `${url.pathname}${url.search}`, response);
}

const secret = { 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' } as const;

/**
 * The key leaves the address, so that it is in no history and on no screenshot. By a page, not by a redirect: that would count as a step
 * of the site that has the link, and come without the cookie.
 */
function enter(response: ServerResponse, cookie: string): void {
  response
    .writeHead(200, {
      'set-cookie': `${cookie}; Path=/; HttpOnly; SameSite=Strict`,
      refresh: `0; url=${prefix}`,
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': "default-src 'none'",
      ...secret,
    })
    .end(`<!doctype html><title>Meshwright</title><a href="${prefix}">To the dashboard</a>\n`);
}

async function passOn(options: ProxyOptions, path: string, response: ServerResponse): Promise<void> {
  const { tokens } = options;
  const token = await tokens.get();
  let answer = await askOperator(options, { path, token }, response);
  if (answer.statusCode === 401) {
    answer.resume();
    tokens.drop(token);
    answer = await askOperator(options, { path, token: await tokens.get() }, response);
  }
  const headers = passedOn.flatMap((name) => {
    const value = answer.headers[name];
    return value === undefined ? [] : [[name, String(value)] as const];
  });
  response.writeHead(answer.statusCode ?? 502, Object.fromEntries(headers));
  answer.on('error', () => response.destroy());
  answer.pipe(response);
}

/** Until the browser has enough. */
async function askOperator(
  { operator }: ProxyOptions,
  { path, token }: { readonly path: string; readonly token: string },
  response: ServerResponse,
): Promise<IncomingMessage> {
  const { hostname, port } = await operator();
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        hostname: hostname.replace(/^\[|\]$/g, ''),
        port,
        path,
        // One request a connection: a forwarded one that was left may be dead.
        agent: false,
        headers: { authorization: `Bearer ${token}`, host: `localhost:${port}` },
        signal: AbortSignal.timeout(answerMs),
      },
      resolve,
    );
    outgoing.on('error', (cause) => reject(new Error('The operator does not answer.', { cause })));
    response.once('close', () => outgoing.destroy());
    outgoing.end();
  });
}

function say(response: ServerResponse, status: number, sentence: string): void {
  response
    .writeHead(status, {
      'content-type': 'text/plain; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    })
    .end(`${sentence}\n`);
}

function cookiesOf(header: string | undefined, name: string): readonly string[] {
  return (header ?? '').split(';').flatMap((pair) => {
    const [key, value] = pair.trim().split('=', 2);
    return key === name && value !== undefined ? [value] : [];
  });
}

/** In a time that tells nothing of the key. */
function isSame(text: string, key: string): boolean {
  const [a, b] = [text, key].map((it) => createHash('sha256').update(it).digest());
  return a !== undefined && b !== undefined && timingSafeEqual(a, b);
}
