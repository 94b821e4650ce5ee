// Health, readiness, metrics and a look inside, over plain HTTP. Entry: createAdminServer. It asks functions that are
// passed in, changes nothing, and shows no secret. Anybody may ask anything, unread answers included: all is bounded.
import { createServer, type Server } from 'node:http';
import type { Component } from '../process/lifecycle.ts';
import type { Log } from '../process/log.ts';
import { limitConnections } from './connection-limit.ts';
import { pagesOf, type PageSources } from './pages.ts';
import { Site } from './site.ts';

export interface AdminOptions extends PageSources {
  /** Port 0 = any free port. Default: 127.0.0.1:8080. */
  readonly address?: { readonly host: string; readonly port: number };
  readonly log: Log;
  /** How long open requests may take to end when the server stops. Default: 2,000 ms. */
  readonly stopGraceMs?: number;
  /** For how long nothing may be read of an answer. Default: 10,000 ms. */
  readonly idleMs?: number;
}

export interface AdminServer extends Component {
  /** The port it listens on; throws before it has started. */
  port(): number;
}

/** The kubelet and Prometheus need one or two. */
const connections = { perAddress: 32, total: 512 };
const requestBounds = { headersTimeout: 10_000, requestTimeout: 15_000, keepAliveTimeout: 5_000 };

export function createAdminServer(options: AdminOptions): AdminServer {
  const site = new Site(pagesOf(options), options.sections ?? new Map(), options.log);
  const server = createServer(requestBounds, (request, response) => void site.serve(request, response));
  limitConnections(server, connections);
  server.setTimeout(options.idleMs ?? 10_000);
  const { host, port } = options.address ?? { host: '127.0.0.1', port: 8080 };
  return {
    name: 'admin server',
    start: () => listen(server, host, port),
    stop: () => close(server, options.stopGraceMs ?? 2000),
    ready: () => server.listening,
    port: () => portOf(server),
  };
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
