// Who answers a connection, by the first thing that is heard on it. Entry: answerOf.
import { connect } from 'node:net';
import { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';

/** What is heard first on a new connection; `nobody` if it is closed before. hello: what is said first; null: nothing. */
export async function answerOf(port: number, hello: Buffer | null = null): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port });
  socket.setEncoding('latin1');
  // A reset is one of the ways to be closed.
  socket.on('error', () => undefined);
  if (hello !== null) socket.write(hello);
  const heard = new Promise<string>((resolve) => {
    // Greeters say two characters; what is said to them may come back right behind.
    socket.once('data', (piece) => resolve(String(piece).slice(0, 2)));
    socket.once('close', () => resolve('nobody'));
  });
  try {
    return await heard;
  } finally {
    socket.destroy();
  }
}

/** Answer → its share in percent. */
export async function sharesOf(
  port: number,
  count: number,
  hello: Buffer | null = null,
): Promise<Readonly<Record<string, number>>> {
  const counts: Record<string, number> = {};
  const atOnce = 30;
  for (let made = 0; made < count; made += atOnce) {
    const some = Array.from({ length: Math.min(atOnce, count - made) }, () => answerOf(port, hello));
    // oxlint-disable-next-line no-await-in-loop -- as many as a backlog takes
    for (const answer of await Promise.all(some)) counts[answer] = (counts[answer] ?? 0) + 100 / count;
  }
  return counts;
}

/** The first message of a TLS client that asks for this server. */
export async function clientHello(servername: string): Promise<Buffer> {
  const { promise: first, resolve } = Promise.withResolvers<Buffer>();
  const wire = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _, written) => {
      resolve(chunk);
      written();
    },
  });
  const client = connectTls({ socket: wire, servername });
  client.on('error', () => undefined);
  try {
    return await first;
  } finally {
    client.destroy();
  }
}
