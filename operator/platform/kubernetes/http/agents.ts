// The connections to the API server: one pool for each set of certificates, kept alive. A new set begins a new pool.
import http from 'node:http';
import https, { type RequestOptions } from 'node:https';
import { createSecureContext } from 'node:tls';

/** A connection whose other end is gone is noticed this long, and ten probes of a second each, after the last byte. */
export const probeAfterMs = 10_000;
const connections = { keepAlive: true, keepAliveMsecs: probeAfterMs };

export class Agents {
  #present: { readonly from: string; readonly agent: http.Agent } | undefined;
  /** With certificates of before: requests that are under way may end. */
  readonly #retired = new Set<http.Agent>();

  /** Certificates are the agent's: as options of a request, Node would write them into the name of its connections, each time. */
  agentFor(protocol: 'http:' | 'https:', options: RequestOptions): http.Agent {
    const { ca, cert, key, pfx, passphrase, servername, rejectUnauthorized } = options;
    const from = JSON.stringify([ca, cert, key, pfx, passphrase, servername, rejectUnauthorized].map(String));
    if (this.#present?.from !== from) {
      if (this.#present !== undefined) this.#retire(this.#present.agent);
      this.#present = { from, agent: protocol === 'http:' ? new http.Agent(connections) : secure(options) };
    }
    return this.#present.agent;
  }

  /** Requests that are under way fail. */
  destroy(): void {
    this.#present?.agent.destroy();
    for (const agent of this.#retired) agent.destroy();
  }

  #retire(agent: http.Agent): void {
    for (const before of this.#retired)
      if (Object.keys(before.sockets).length === 0) this.#retired.delete(before);
    agent.maxFreeSockets = 0;
    for (const sockets of Object.values(agent.freeSockets))
      for (const socket of sockets ?? []) socket.destroy();
    this.#retired.add(agent);
  }
}

function secure(options: RequestOptions): https.Agent {
  const { servername, rejectUnauthorized } = options;
  return new https.Agent({
    ...connections,
    // One for all connections: each would keep the parsed authorities.
    secureContext: createSecureContext(options),
    ...(servername !== undefined && { servername }),
    ...(rejectUnauthorized !== undefined && { rejectUnauthorized }),
  });
}
