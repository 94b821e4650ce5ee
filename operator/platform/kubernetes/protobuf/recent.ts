// Values by the bytes that they were read from: what came lately is not read again, and is one value however often it comes.
// A thousand pods of a Deployment have the same labels. Entry: createRecent.

/** `latin1`: the bytes, one for each character; the text itself if it is ASCII. */
export type ReadBytes<T> = (bytes: Buffer, from: number, to: number, latin1: string) => T;

interface Remembered<T> {
  readonly latin1: string;
  readonly value: T;
}

/** What is longer is hardly ever the same twice, and some annotations hold hundreds of kilobytes. */
const longestKept = 4096;

/**
 * Keeps at most so many values (a power of two), each in the one place that its bytes give it, and none of more bytes than
 * `longestKept`. Values must be immutable.
 */
export function createRecent<T>(
  places: number,
  read: ReadBytes<T>,
): (bytes: Buffer, from: number, to: number) => T {
  const remembered: (Remembered<T> | undefined)[] = Array.from({ length: places }, () => undefined);
  return (bytes, from, to) => {
    if (to - from > longestKept) return read(bytes, from, to, bytes.toString('latin1', from, to));
    const place = hashOf(bytes, from, to) & (places - 1);
    const found = remembered[place];
    if (found !== undefined && isSame(found.latin1, bytes, from, to)) return found.value;
    const latin1 = bytes.toString('latin1', from, to);
    const value = read(bytes, from, to, latin1);
    remembered[place] = { latin1, value };
    return value;
  };
}

/** FNV-1a. @see https://datatracker.ietf.org/doc/html/draft-eastlake-fnv */
function hashOf(bytes: Buffer, from: number, to: number): number {
  let hash = 0x811c9dc5;
  for (let at = from; at < to; at += 1) hash = Math.imul(hash ^ (bytes[at] ?? 0), 0x01000193);
  return hash ^ (hash >>> 15);
}

function isSame(latin1: string, bytes: Buffer, from: number, to: number): boolean {
  if (latin1.length !== to - from) return false;
  for (let index = 0; index < latin1.length; index += 1)
    if (latin1.charCodeAt(index) !== bytes[from + index]) return false;
  return true;
}
