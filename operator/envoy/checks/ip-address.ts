// Tells IP literals from everything else, without a network library: checks are pure.

/** 4, 6, or 0 for what is no IP literal. */
export function ipVersion(text: string): 0 | 4 | 6 {
  if (isIPv4(text)) return 4;
  return isIPv6(text) ? 6 : 0;
}

function isIPv4(text: string): boolean {
  const parts = text.split('.');
  return parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255);
}

function isIPv6(text: string): boolean {
  const halves = text.split('::');
  if (halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')));
  const last = groups.at(-1) ?? '';
  // An IPv4 address at the end stands for two groups.
  const isMixed = last.includes('.');
  if (isMixed && (!isIPv4(last) || text.endsWith('::'))) return false;
  const hex = isMixed ? groups.slice(0, -1) : groups;
  if (!hex.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return false;
  const count = hex.length + (isMixed ? 2 : 0);
  return halves.length === 2 ? count <= 7 : count === 8;
}
