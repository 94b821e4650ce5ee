// What the tests of this room share.
import { once } from 'node:events';
import type { Server } from 'node:net';
import type { IdentityIr } from '../../../operator/ir/mesh-ir.ts';

export const hourMs = 3_600_000;
export const startOfTest = Date.parse('2026-05-01T12:00:00Z');

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
