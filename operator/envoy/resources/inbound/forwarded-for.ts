// The address of the client for which a proxy calls: the last one in x-forwarded-for, which Envoy takes for the remote address. Whoever calls can write
// that header, so that only rules which name the caller look at it.
import type { NetworkIr } from '../../../ir/inbound.ts';
import type { EnvoyMessage } from '../../proto/envoy-message.ts';
import type { Certainty } from './certainty.ts';
import { anyId, allIds, notId } from './identifiers.ts';

const byte = '(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])';
const ipv4 = `(?:${byte}\\.){3}${byte}`;
const group = '[0-9a-fA-F]{0,4}';
const ipv6 = `(?:${group}:){2,7}(?:${group}|${ipv4})`;

/** Without an address at the end Envoy falls back to that of the connection, which is the proxy's own. */
const namesClient: EnvoyMessage = {
  header: {
    name: 'x-forwarded-for',
    string_match: { safe_regex: { regex: `(?:.*,)?[ \\t]*(?:${ipv4}|${ipv6})[ \\t]*` } },
  },
};

export function forwardedFrom(networks: readonly NetworkIr[], certainty: Certainty): EnvoyMessage {
  const isWithin = within('remote_ip', networks);
  return certainty === 'certainly' ? allIds([namesClient, isWithin]) : anyId([notId(namesClient), isWithin]);
}

/** direct_remote_ip: of the connection, whatever headers say. */
export function within(
  field: 'direct_remote_ip' | 'remote_ip',
  networks: readonly NetworkIr[],
): EnvoyMessage {
  return anyId(networks.flatMap(spellingsOf).map((range) => ({ [field]: range })));
}

/** Sockets of both families, and some proxies, write IPv4 addresses as IPv6 addresses. */
function spellingsOf({ address, length }: NetworkIr): readonly EnvoyMessage[] {
  const range = { address_prefix: address, prefix_len: length };
  if (address.includes(':')) return [range];
  return [range, { address_prefix: `::ffff:${address}`, prefix_len: 96 + length }];
}
