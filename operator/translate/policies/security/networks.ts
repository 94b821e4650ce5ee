// Networks in the mesh's own words.
import type { NetworkIr } from '../../../ir/inbound.ts';
import { byText } from '../../../values/compare-text.ts';
import { canonicalAddress, ipv4Of, ipVersion } from '../../../values/ip-address.ts';

/** Sorted, each once. An IPv4 network is one, however it is written: `::ffff:a00:0/104` is 10.0.0.0/8. */
export function translateNetworks(blocks: readonly string[]): readonly NetworkIr[] {
  const unique = new Map(blocks.map(translateNetwork).map((network) => [networkKey(network), network]));
  return [...unique.values()].toSorted(byText(networkKey));
}

function translateNetwork(block: string): NetworkIr {
  const [written = '', length] = block.split('/');
  if (ipVersion(written) === 4) return { address: written, length: Number(length ?? 32) };
  const address = canonicalAddress(written);
  const bits = Number(length ?? 128);
  const ipv4 = ipv4Of(address);
  return ipv4 !== null && bits >= 96 ? { address: ipv4, length: bits - 96 } : { address, length: bits };
}

function networkKey({ address, length }: NetworkIr): string {
  return `${address}/${length}`;
}
