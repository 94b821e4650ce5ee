// Packets between pods, as the node sees them. Only on the cluster of this machine. Entry: capture.
import { join } from 'node:path';
import { z } from 'zod';
import type { Cluster } from '../../cluster/cluster.ts';

const Captured = z.array(z.object({ client: z.string(), toServer: z.string(), fromServer: z.string() }));

export interface Connection {
  /** Its address. */
  readonly client: string;
  readonly toServer: Buffer;
  readonly fromServer: Buffer;
}

const deadlineSeconds = 60;

/** Connections to the server that begin from now on, until it has spoken on two of each client: what is said on them, up to 4 KiB in each direction. */
export async function capture(
  machine: Cluster,
  server: { readonly address: string; readonly port: number },
  clients: readonly string[],
): Promise<readonly Connection[]> {
  const script = join(import.meta.dirname, 'capture.py');
  const place = [server.address, String(server.port), String(deadlineSeconds)];
  const command = ['python3', script, ...place, ...clients];
  const { code, stdout, stderr } = await machine.inCluster(command);
  if (code !== 0) throw new Error(`packets could not be captured: ${stderr}`);
  return Captured.parse(JSON.parse(stdout)).map(({ client, toServer, fromServer }) => ({
    client,
    toServer: Buffer.from(toServer, 'hex'),
    fromServer: Buffer.from(fromServer, 'hex'),
  }));
}

/** What client and server have agreed on, if it begins with a handshake. */
export function tlsVersion({ toServer, fromServer }: Connection): string | undefined {
  const [handshake, clientHello, serverHello] = [22, 1, 2];
  const isTls = toServer[0] === handshake && toServer[5] === clientHello;
  if (!isTls || fromServer[0] !== handshake || fromServer[5] !== serverHello) return undefined;
  // The extension supported_versions (43) of two bytes; a ServerHello without it is of TLS 1.2 or older.
  const at = fromServer.indexOf(Buffer.from([0, 43, 0, 2]));
  return fromServer.readUInt16BE(at + 4) === 0x0304 && at > 0 ? 'TLSv1.3' : 'older';
}
