// An application that answers everything alike, and a closed load on it: so many keep-alive connections, each with one request
// at a time. By hand, since Node's own client would take most of the core that the sidecars are measured on.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

const endOfHead = '\r\n\r\n';
const answer = Buffer.from(`HTTP/1.1 200 OK\r\ncontent-length: 2${endOfHead}ok`);

/** Resolves to the server; requests have no bodies. */
export async function startAnswering(): Promise<Server> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.setNoDelay();
    socket.on('data', (chunk) => {
      let at = chunk.indexOf(endOfHead);
      for (; at >= 0; at = chunk.indexOf(endOfHead, at + 4)) socket.write(answer);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

export function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

function requestWith(token: string | null): string {
  return (
    'GET /products/1?details=true HTTP/1.1\r\nhost: called.shop\r\nuser-agent: bench\r\naccept: application/json\r\n' +
    (token === null ? '' : `authorization: Bearer ${token}\r\n`) +
    `x-tenant: blue${endOfHead}`
  );
}

export interface Load {
  readonly port: number;
  readonly requests: number;
  readonly connections: number;
  /** Default: none. */
  readonly token?: string | null | undefined;
}

/**
 * Sends the requests; resolves when all are answered, to how long each took, in microseconds.
 * @throws Error at any other answer than 200
 */
export async function load({ port, requests, connections, token = null }: Load): Promise<readonly number[]> {
  const request = requestWith(token);
  const took: number[] = [];
  let left = requests;
  const one = async (socket: Socket): Promise<void> => {
    await once(socket, 'connect');
    while (left > 0) {
      left -= 1;
      const begun = performance.now();
      socket.write(request);
      // oxlint-disable-next-line no-await-in-loop -- one request at a time
      const [chunk] = (await once(socket, 'data')) as [Buffer];
      if (!chunk.toString('latin1').startsWith('HTTP/1.1 200')) throw new Error(chunk.toString('latin1'));
      took.push((performance.now() - begun) * 1000);
    }
    socket.destroy();
  };
  await Promise.all(
    Array.from({ length: connections }, () => one(connect({ host: '127.0.0.1', port, noDelay: true }))),
  );
  return took;
}
