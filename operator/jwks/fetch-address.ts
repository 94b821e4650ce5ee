// Which addresses the operator fetches keys from. Whoever writes policies chooses a host, so that it could be one that only the operator
// reaches. Pure.
import { ipv4Of, ipVersion, isInRange } from '../values/ip-address.ts';

/** `10.0.0.0/8`, parsed. */
export interface AddressRange {
  readonly prefix: string;
  readonly length: number;
}

/** @see https://www.iana.org/assignments/iana-ipv4-special-registry and https://www.iana.org/assignments/iana-ipv6-special-registry */
const refusedRanges: readonly AddressRange[] = [
  '0.0.0.0/8',
  '127.0.0.0/8',
  // Link-local: metadata services of clouds are there, and at some addresses beyond.
  '169.254.0.0/16',
  '192.0.0.0/24',
  '100.100.100.200/32',
  '168.63.129.16/32',
  // The same over IPv6: AWS, Oracle, Scaleway, Google.
  'fd00:ec2::254/128',
  'fd00:c1::a9fe:a9fe/128',
  'fd00:42::42/128',
  'fd20:ce::254/128',
  // Multicast, reserved and broadcast.
  '224.0.0.0/4',
  '240.0.0.0/4',
  // Unspecified, loopback, and IPv4 addresses in obsolete forms of IPv6.
  '::/96',
  '::ffff:0:0:0/96',
  '64:ff9b:1::/48',
  '2001::/32',
  '2002::/16',
  'fe80::/10',
  'fec0::/10',
  'ff00::/8',
].map(rangeOf);

/** IPv4 addresses behind a translator. @see https://www.rfc-editor.org/rfc/rfc6052#section-2.1 */
const translated: AddressRange = rangeOf('64:ff9b::/96');

/** Of CIDR notation that is known to be valid. */
export function rangeOf(cidr: string): AddressRange {
  const [prefix = '', length = ''] = cidr.split('/');
  return { prefix, length: Number(length) };
}

/** Public and private addresses, and what is in `allowed` besides. */
export function isAllowedAddress(address: string, allowed: readonly AddressRange[]): boolean {
  if (ipVersion(address) === 0) return false;
  const ipv4 = ipv4Of(address);
  if (ipv4 !== null) return isAllowedAddress(ipv4, allowed);
  if (allowed.some((range) => isIn(address, range))) return true;
  return !isIn(address, translated) && !refusedRanges.some((range) => isIn(address, range));
}

function isIn(address: string, { prefix, length }: AddressRange): boolean {
  return isInRange(address, prefix, length);
}
