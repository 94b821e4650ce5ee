// TCP ports of the loopback address that nobody listens on, each given out once. Below the range from which Linux takes the
// ports of outgoing connections and of `listen(0)` (32768), so that nobody else takes one before its user listens.
import { once } from 'node:events';
import { createServer } from 'node:net';

// Workers of one run have ranges of their own: a port that one has been given and does not listen on yet is taken by no other.
const workers = 4;
const size = 675;
// oxlint-disable-next-line node/no-process-env -- this is how Jest tells
const worker = (Number(process.env['JEST_WORKER_ID'] ?? '1') - 1) % workers;
const firstPort = 30_000 + worker * size;
const lastPort = firstPort + size - 1;

/** Runs side by side start at different places. */
let next = firstPort + ((process.pid * 131) % size);

/** Skips what somebody listens on. @throws Error if no port of the range is free. */
export async function freePort(): Promise<number> {
  for (let tries = firstPort; tries <= lastPort; tries += 1) {
    const port = next;
    next = port === lastPort ? firstPort : port + 1;
    // One after the other: the first free one is taken.
    // oxlint-disable-next-line no-await-in-loop
    if (await isFree(port)) return port;
  }
  throw new Error(`no port of 127.0.0.1 is free between ${firstPort} and ${lastPort}`);
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen({ port, host: '127.0.0.1', exclusive: true });
    await once(server, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}
