// IP addresses as text, without a network library: pure rooms may not import one.

/** 4, 6, or 0 for what is no IP literal. */
export function ipVersion(text: string): 0 | 4 | 6 {
  const bytes = bytesOf(text);
  if (bytes === null) return 0;
  return bytes.length === 4 ? 4 : 6;
}

/** False for what are no addresses, and for addresses of different families. */
export function isInRange(address: string, prefix: string, length: number): boolean {
  const [one, other] = [bitsOf(address), bitsOf(prefix)];
  if (one === null || other === null || one.length !== other.length) return false;
  return one.slice(0, length) === other.slice(0, length);
}

/** As Kubernetes writes it (RFC 5952): users may write fd00::1 as FD00:0:0::0001. What is no IPv6 address stays as it is. */
export function canonicalAddress(address: string): string {
  return ipVersion(address) === 6 ? new URL(`http://[${address}]`).hostname.slice(1, -1) : address;
}

/** As zeros and ones; null: no address. */
function bitsOf(address: string): string | null {
  return (
    bytesOf(address)
      ?.map((byte) => byte.toString(2).padStart(8, '0'))
      .join('') ?? null
  );
}

function bytesOf(address: string): readonly number[] | null {
  return address.includes(':') ? ipv6Bytes(address) : ipv4Bytes(address);
}

function ipv4Bytes(address: string): readonly number[] | null {
  const parts = address.split('.');
  const isAddress =
    parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256);
  return isAddress ? parts.map(Number) : null;
}

function ipv6Bytes(address: string): readonly number[] | null {
  const last = address.slice(address.lastIndexOf(':') + 1);
  const tail = last.includes('.') ? ipv4Bytes(last) : [];
  if (tail === null) return null;
  const hex = tail.length === 0 ? address : address.slice(0, -last.length).replace(/([^:]):$/, '$1');
  const [before = '', after, ...more] = hex.split('::');
  if (more.length > 0) return null;
  const head = groupsOf(before);
  const end = after === undefined ? [] : groupsOf(after);
  if (head === null || end === null) return null;
  const missing = 16 - head.length - end.length - tail.length;
  // `::` stands for one group at least.
  if (after === undefined ? missing !== 0 : missing < 2) return null;
  return [...head, ...Array.from({ length: missing }, () => 0), ...end, ...tail];
}

function groupsOf(text: string): readonly number[] | null {
  if (text === '') return [];
  const groups = text.split(':');
  if (!groups.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return null;
  return groups.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 255]);
}

/** `10.0.0.1` of `::ffff:a00:1`; null: it is no IPv4 address in the form of an IPv6 address. */
export function ipv4Of(address: string): string | null {
  const bytes = address.includes(':') ? ipv6Bytes(address) : null;
  const isMapped = bytes !== null && isSame(bytes.slice(0, 12), mappedPrefix);
  return isMapped ? bytes.slice(12).join('.') : null;
}

/** @see https://www.rfc-editor.org/rfc/rfc4291#section-2.5.5.2 */
const mappedPrefix = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255];

function isSame(a: readonly number[], b: readonly number[]): boolean {
  return a.every((byte, index) => byte === b[index]);
}
