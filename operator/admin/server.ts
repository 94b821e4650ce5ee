// Health, readiness, metrics and a look inside, over plain HTTP on the loopback address. Entry: createAdminServer.
// It asks functions that are passed in, changes nothing, and shows no secret.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Component } from '../process/lifecycle.ts';
import type { Log } from '../process/log.ts';
import { redact } from './redact.ts';

export interface AdminOptions {
  /** Port 0 = any free port. Default: 127.0.0.1:8080. */
  readonly address?: { readonly host: string; readonly port: number };
  readonly log: Log;
  readonly metrics: { readonly contentType: string; render(): Promise<string> };
  /** All parts of the process, for /readyz. */
  readonly components: () => readonly Pick<Component, 'name' | 'ready'>[];
  readonly debug: DebugProviders;
  /** How long open requests may take to end when the server stops. Default: 2,000 ms. */
  readonly stopGraceMs?: number;
}

/** What /debug shows. Each is asked when its page is; any value will do, secrets are taken out here. */
export interface DebugProviders {
  readonly resources: () => unknown;
  readonly ir: () => unknown;
  readonly proxies: () => unknown;
  /** The snapshot, its messages decoded to plain objects with `@type`. */
  readonly snapshot: () => unknown;
  /** The statuses last aggregated. */
  readonly status: () => unknown;
}

export interface AdminServer extends Component {
  /** The port it listens on; throws before it has started. */
  port(): number;
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

type Page = () => Answer | Promise<Answer>;

export function createAdminServer(options: AdminOptions): AdminServer {
  const pages = pagesOf(options);
  const server = createServer((request, response) => void serve(pages, options.log, request, response));
  const { host, port } = options.address ?? { host: '127.0.0.1', port: 8080 };
  return {
    name: 'admin server',
    start: () => listen(server, host, port),
    stop: () => close(server, options.stopGraceMs ?? 2000),
    ready: () => server.listening,
    port: () => portOf(server),
  };
}

function pagesOf({ metrics, components, debug }: AdminOptions): ReadonlyMap<string, Page> {
  const pages = new Map<string, Page>([
    ['/healthz', () => text(200, 'ok\n')],
    ['/readyz', () => readiness(components())],
    ['/metrics', async () => ({ status: 200, type: metrics.contentType, body: await metrics.render() })],
  ]);
  for (const [name, provider] of Object.entries(debug)) pages.set(`/debug/${name}`, () => json(provider()));
  return pages;
}

async function serve(
  pages: ReadonlyMap<string, Page>,
  log: Log,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { status, type, body } = await answer(pages, log, request);
  const headers = { 'content-type': type, 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };
  response.writeHead(status, status === 405 ? { ...headers, allow: 'GET, HEAD' } : headers);
  // Node leaves the body of an answer to HEAD away.
  response.end(body);
}

async function answer(pages: ReadonlyMap<string, Page>, log: Log, request: IncomingMessage): Promise<Answer> {
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return text(405, 'Only GET and HEAD are answered here.\n');
  const [path = '/'] = (request.url ?? '/').split('?');
  const page = pages.get(path);
  if (page === undefined)
    return text(404, `There is no ${path} here. There are:\n${[...pages.keys()].join('\n')}\n`);
  try {
    return await page();
  } catch (error) {
    log.error({ path, error }, 'admin page failed');
    return text(500, `Cannot create ${path}; see the log of the operator.\n`);
  }
}

function readiness(components: readonly Pick<Component, 'name' | 'ready'>[]): Answer {
  const waiting = components.filter((component) => !component.ready());
  if (waiting.length === 0) return text(200, 'ready\n');
  return text(503, `Not ready:\n${waiting.map(({ name }) => name).join('\n')}\n`);
}

function json(value: unknown): Answer {
  return { status: 200, type: 'application/json', body: `${JSON.stringify(redact(value), null, 2)}\n` };
}

function text(status: number, body: string): Answer {
  return { status, type: 'text/plain; charset=utf-8', body };
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (error: Error): void =>
      reject(
        new Error(`Cannot listen on admin address ${host}:${port}. Choose another with --admin-address.`, {
          cause: error,
        }),
      );
    server.once('error', onError);
    server.listen(port, host, () => {
      server.off('error', onError);
      resolve();
    });
  });
}

async function close(server: Server, graceMs: number): Promise<void> {
  if (!server.listening) return;
  const timer = setTimeout(() => server.closeAllConnections(), graceMs);
  try {
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
    });
  } finally {
    clearTimeout(timer);
  }
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The admin server has not started.');
  return address.port;
}
