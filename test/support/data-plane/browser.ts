// A browser that loads pages: it keeps cookies by host, and follows redirects only when it is told to. Entries: Browser, Connection.
import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import type { Socket } from 'node:net';
import { type Answer, call } from './callers.ts';

const ofPages = { accept: 'text/html,application/xhtml+xml', 'sec-fetch-mode': 'navigate' };

export class Browser {
  /** Name → value, for the one host that there is. */
  readonly cookies = new Map<string, string>();
  readonly #port: number;
  readonly #host: string;

  /** @param host as the user writes it, for what listens at that port of this machine */
  constructor(port: number, host: string) {
    this.#port = port;
    this.#host = host;
  }

  /** Another window of the same browser. */
  copy(): Browser {
    const other = new Browser(this.#port, this.#host);
    for (const [name, value] of this.cookies) other.cookies.set(name, value);
    return other;
  }

  /** Loads a page, or what headers say. Only a path, or an address at this host. */
  async load(location: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    const { host, pathname, search } = new URL(location, `https://${this.#host}`);
    if (host !== this.#host) throw new Error(`the browser left for ${location}`);
    const cookie = [...this.cookies].map((each) => each.join('=')).join('; ');
    const answer = await call(this.#port, {
      path: pathname + search,
      headers: {
        ...ofPages,
        host,
        'x-forwarded-proto': 'https',
        ...(cookie !== '' && { cookie }),
        ...headers,
      },
    });
    for (const line of answer.headers['set-cookie'] ?? []) this.#keep(line);
    return answer;
  }

  #keep(line: string): void {
    const [pair = '', ...attributes] = line.split(/; */);
    const [name = '', ...rest] = pair.split('=');
    const value = rest.join('=');
    const isGone = attributes.some((one) => /^max-age=0$|^expires=thu, 01 jan 1970/i.test(one));
    if (isGone || value === 'deleted') this.cookies.delete(name);
    else this.cookies.set(name, value);
  }
}

/** One connection that loads a page again and again, without cookies. */
export class Connection {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #port: number;
  readonly #host: string;
  #socket: Socket | null = null;

  constructor(port: number, host: string) {
    this.#port = port;
    this.#host = host;
  }

  /**
   * @returns the status
   * @throws if it is another connection than before
   */
  async get(): Promise<number> {
    const headers = { ...ofPages, host: this.#host };
    const outgoing = request({ host: '127.0.0.1', port: this.#port, headers, agent: this.#agent });
    outgoing.end();
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    const { socket, statusCode = 0 } = response;
    if (this.#socket !== null && this.#socket !== socket) throw new Error('the connection has ended');
    this.#socket = socket;
    response.resume();
    await once(response, 'end');
    return statusCode;
  }

  close(): void {
    this.#agent.destroy();
  }
}
