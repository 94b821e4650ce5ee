// The source address that a proxy must connect from. A certificate proves a service account, which all of its pods share; the source
// address, which clients cannot choose, and the pod uid, which only the pod needs to know, tell them apart.
import { SocketAddress } from 'node:net';
import type { NodeIdentity } from '../../values/node-id.ts';

export interface ExpectedSource {
  readonly kind: 'Pod' | 'ExternalWorkload';
  /** '' where the platform gives none. */
  readonly uid: string;
  /** Source addresses of its proxy; null: any. */
  readonly addresses: readonly string[] | null;
}

/**
 * Why a proxy at `peer` (address and port) is not that of the workload; null: it may be. Over the operator's own loopback interface
 * come those who are on its machine, or forward a port into its pod.
 */
export function sourceMismatch(
  node: NodeIdentity,
  peer: string,
  { kind, uid, addresses }: ExpectedSource,
): string | null {
  const name = `${node.kind}/${node.namespace}/${node.name}`;
  const isOther = node.uid !== uid && (kind === 'Pod' || node.uid !== '');
  if (uid !== '' && isOther) return `the uid in the node id is not that of ${name}`;
  const address = canonical(peer.slice(0, peer.lastIndexOf(':')));
  const isKnown = addresses === null || loopback.has(address) || addresses.map(canonical).includes(address);
  if (isKnown) return null;
  return `${address} is not an address of ${name}: proxies must connect from their own pod; if the network hides pod addresses, start the operator with --source-addresses=hidden`;
}

const loopback: ReadonlySet<string> = new Set(['127.0.0.1', '::1']);

/** An IPv4 address as such, also when it came over a socket of IPv6. */
function canonical(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '');
  return plain.includes(':') ? (SocketAddress.parse(`[${plain}]:0`)?.address ?? plain) : plain;
}
