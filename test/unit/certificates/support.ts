// Fakes of this room's ports: secrets in memory, a log that remembers.
import { once } from 'node:events';
import type { Server } from 'node:net';
import { pino } from 'pino';
import { z } from 'zod';
import type { IdentityIr } from '../../../operator/ir/mesh-ir.ts';
import type { Log } from '../../../operator/process/log.ts';
import type { SecretData, SecretPort } from '../../../operator/ports/platform.ts';

export const hourMs = 3_600_000;
export const startOfTest = Date.parse('2026-05-01T12:00:00Z');

export class MemorySecrets implements SecretPort {
  readonly held = new Map<string, SecretData>();
  readonly labels = new Map<string, Readonly<Record<string, string>>>();
  readonly writes: string[] = [];
  reads = 0;
  /** Keys whose write is refused. */
  readonly refused = new Set<string>();

  async read(namespace: string, name: string): Promise<SecretData | undefined> {
    this.reads += 1;
    await Promise.resolve();
    return this.held.get(`${namespace}/${name}`);
  }

  async create(
    namespace: string,
    name: string,
    data: SecretData,
    labels: Readonly<Record<string, string>>,
  ): Promise<'created' | 'exists'> {
    await Promise.resolve();
    if (this.held.has(`${namespace}/${name}`)) return 'exists';
    await this.write(namespace, name, data, labels);
    return 'created';
  }

  async write(
    namespace: string,
    name: string,
    data: SecretData,
    labels: Readonly<Record<string, string>>,
  ): Promise<void> {
    const key = `${namespace}/${name}`;
    await Promise.resolve();
    if (this.refused.has(key)) throw new Error('namespace is being deleted');
    this.held.set(key, data);
    this.labels.set(key, labels);
    this.writes.push(key);
  }
}

export interface LogLine {
  readonly level: string;
  readonly fields: object;
  readonly message: string;
}

export function rememberingLog(): { log: Log; lines: LogLine[] } {
  const lines: LogLine[] = [];
  const write = (text: string): void => {
    const { level, message, ...fields } = Line.parse(JSON.parse(text));
    lines.push({ level, message, fields });
  };
  const formatters = { level: (label: string): object => ({ level: label }) };
  const options = {
    level: 'debug',
    base: null,
    timestamp: false,
    messageKey: 'message',
    formatters,
  } as const;
  return { log: pino(options, { write }), lines };
}

const Line = z.looseObject({ level: z.string(), message: z.string() });

/** Listens on a free port of the loopback address; resolves to the port. */
export async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not a TCP server');
  return address.port;
}

export function identity(namespace: string, serviceAccount: string): IdentityIr {
  return {
    namespace,
    serviceAccount,
    spiffeId: `spiffe://cluster.local/ns/${namespace}/sa/${serviceAccount}`,
  };
}

/** Waits for a condition to hold; rejects after five seconds. */
export async function until(what: string, holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 5_000;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`gave up waiting until ${what}`);
    // oxlint-disable-next-line no-await-in-loop -- waiting is what it is for
    await new Promise((resolve) => setImmediate(resolve));
  }
}
