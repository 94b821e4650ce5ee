// A closed load that counts answers by their status, whatever they are: so many keep-alive connections, each with one request at a time.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface Answered {
  readonly connection: number;
  readonly status: number;
  /** When the request was sent, in ms since 1970. */
  readonly sentMs: number;
}

export interface QuotaLoad {
  readonly port: number;
  readonly connections: number;
  /** What tells requests apart; null: it is enough. */
  readonly userOf: (connection: number) => string | null;
  readonly answered: (answer: Answered) => void;
}

/** Resolves when each connection has had enough. */
export async function loadQuotas({ port, connections, userOf, answered }: QuotaLoad): Promise<void> {
  const one = async (connection: number): Promise<void> => {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true });
    await once(socket, 'connect');
    for (let user = userOf(connection); user !== null; user = userOf(connection)) {
      const sentMs = Date.now();
      socket.write(`GET / HTTP/1.1\r\nhost: reviews.shop\r\nx-user: ${user}\r\n\r\n`);
      // oxlint-disable-next-line no-await-in-loop -- one request at a time
      answered({ connection, sentMs, status: await statusOf(socket) });
    }
    socket.destroy();
  };
  await Promise.all(Array.from({ length: connections }, (_, connection) => one(connection)));
}

/** All of its bodies have a length. */
async function statusOf(socket: Socket): Promise<number> {
  let said = '';
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- until it is complete
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    said += chunk.toString('latin1');
    const end = said.indexOf('\r\n\r\n');
    const length = Number(/\r\ncontent-length: (\d+)/.exec(said.slice(0, end + 2))?.[1] ?? 0);
    if (end >= 0 && said.length >= end + 4 + length) return Number(said.slice(9, 12));
  }
}
