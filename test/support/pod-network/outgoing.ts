// A call from within a Pod to an address, whatever it claims to be for: `outgoing.ts <attempt as JSON>`. Prints what comes of it as JSON:
// what the host saw, a refusal in HTTP, or how the connection ended.
import { once } from 'node:events';
import { type IncomingMessage, request as plainRequest } from 'node:http';
import { request as tlsRequest } from 'node:https';
import { text } from 'node:stream/consumers';

export interface Attempt {
  readonly protocol: 'TLS' | 'HTTP';
  /** Where the application connects to. */
  readonly address: string;
  readonly port: number;
  /** TLS: what it asks for in its handshake; '': nothing. */
  readonly sni?: string;
  /** The Host header. Default: the address. */
  readonly host?: string;
  readonly path?: string;
}

export interface Outcome {
  readonly status?: number;
  readonly body?: string;
  /** Of the error, if there is no answer. */
  readonly error?: string;
}

export async function attempt({
  protocol,
  address,
  port,
  sni = '',
  host,
  path = '/',
}: Attempt): Promise<Outcome> {
  const headers = host === undefined ? {} : { host };
  const options = { host: address, port, path, headers, agent: false } as const;
  const outgoing =
    protocol === 'HTTP'
      ? plainRequest(options)
      : tlsRequest({ ...options, servername: sni, rejectUnauthorized: false });
  try {
    outgoing.end();
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    return { status: response.statusCode ?? 0, body: await text(response) };
  } catch (error) {
    return { error: (error as NodeJS.ErrnoException).code ?? String(error) };
  }
}

const [, , written] = process.argv;
if (written?.startsWith('{') === true)
  process.stdout.write(JSON.stringify(await attempt(JSON.parse(written) as Attempt)));
