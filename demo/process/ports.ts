// Ports for one demo: a block of neighbouring free ports that no other demo takes. Outside the range from which
// systems hand out ports for outgoing connections (Linux: from 32768), so that none is lost while a process is down.
import { createServer, type Server } from 'node:net';
import { DemoError } from '../demo-error.ts';

const firstPort = 20_000;
const lastPort = 29_999;
const blockSize = 50;

export class PortBlock {
  readonly #lock: Server;
  readonly #free: number[];

  constructor(lock: Server, free: readonly number[]) {
    this.#lock = lock;
    this.#free = [...free];
  }

  /** The next port of the block, each only once. */
  take(): number {
    const port = this.#free.shift();
    if (port === undefined) throw new DemoError(`More than ${blockSize - 1} ports were asked for.`);
    return port;
  }

  async release(): Promise<void> {
    await new Promise((resolve) => this.#lock.close(resolve));
  }
}

/**
 * Reserves the first block in which at least `needed` ports of 127.0.0.1 are free. Its first port stays bound
 * until `release`: that is what keeps a second demo off the block.
 * @throws DemoError if there is no such block.
 */
export async function reservePorts(needed: number): Promise<PortBlock> {
  for (let base = firstPort; base + blockSize <= lastPort + 1; base += blockSize) {
    // One block after the other: the first one wins.
    // oxlint-disable no-await-in-loop
    const lock = await bind(base);
    if (lock === undefined) continue;
    const free = await freePorts(base + 1, base + blockSize);
    if (free.length >= needed) return new PortBlock(lock, free);
    await closed(lock);
    // oxlint-enable no-await-in-loop
  }
  throw new DemoError(
    `There are no ${needed} free neighbouring ports on 127.0.0.1 between ${firstPort} and ${lastPort}: stop what listens there (other demos?) and try again.`,
  );
}

async function freePorts(from: number, to: number): Promise<number[]> {
  const ports = Array.from({ length: to - from }, (_, offset) => from + offset);
  const servers = await Promise.all(ports.map(bind));
  const free = ports.filter((_, index) => servers[index] !== undefined);
  await Promise.all(servers.map(async (server) => server && closed(server)));
  return free;
}

function bind(port: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', () => resolve(undefined));
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => resolve(server.unref()));
  });
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}
