// The dashboard on a local port: what the browser asks for goes to the operator with a token that the browser never sees. Other users of this
// machine reach the port, too, and so do pages of other sites: they lack the key, which is in the address that is printed, then in a
// cookie. Entry: createProxy.
import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import { debugRefusal } from '../../admin/debug-access.ts';

export interface ProxyOptions {
  /** A secret of this run: 128 random bits or more, of letters and digits. */
  readonly key: string;
  readonly token: () => Promise<string>;
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
  const refusal = debugRefusal({ remoteAddress, localAddress, headers }, 'the dashboard');
  if (refusal !== undefined) return say(response, 403, refusal);
  if (method !== 'GET' && method !== 'HEAD')
    return say(response, 405, 'Only GET and HEAD are answered here.');
  const url = new URL(incoming.url ?? '/', 'http://localhost');
  const cookie = `meshwright-${localPort}`;
  const key = url.searchParams.get('key');
  if (url.pathname === '/' && key !== null && isSame(key, options.key)) return enter(response, cookie, key);
  if (!cookiesOf(headers.cookie, cookie).some((it) => isSame(it, options.key)))
    return say(response, 403, 'Use the address that meshwright dashboard has printed, with its key.');
  if (url.pathname === '/') return redirect(response, {});
  if (!url.pathname.startsWith(prefix)) return say(response, 404, 'There is nothing here but /dashboard/.');
  return passOn(options, `${url.pathname}${url.search}`, response);
}

/** The key leaves the address, so that it is in no history and on no screenshot. */
function enter(response: ServerResponse, cookie: string, key: string): void {
  redirect(response, { 'set-cookie': `${cookie}=${key}; Path=/; HttpOnly; SameSite=Strict` });
}

function redirect(response: ServerResponse, headers: Readonly<Record<string, string>>): void {
  response.writeHead(303, { ...headers, location: prefix, 'cache-control': 'no-store' }).end();
}

async function passOn(
  { token, operator }: ProxyOptions,
  path: string,
  response: ServerResponse,
): Promise<void> {
  const [bearer, { hostname, port }] = await Promise.all([token(), operator()]);
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const outgoing = request(
      {
        hostname: hostname.replace(/^\[|\]$/g, ''),
        port,
        path,
        // One request a connection: a forwarded one that was left may be dead.
        agent: false,
        headers: { authorization: `Bearer ${bearer}`, host: `localhost:${port}` },
        signal: AbortSignal.timeout(answerMs),
      },
      resolve,
    );
    outgoing.on('error', (cause) => reject(new Error('The operator does not answer.', { cause })));
    response.once('close', () => outgoing.destroy());
    outgoing.end();
  });
  const headers = passedOn.flatMap((name) => {
    const value = answer.headers[name];
    return value === undefined ? [] : [[name, String(value)] as const];
  });
  response.writeHead(answer.statusCode ?? 502, Object.fromEntries(headers));
  answer.on('error', () => response.destroy());
  answer.pipe(response);
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
