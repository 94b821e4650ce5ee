// The spellings in which clients send one path. Routes are compared with the path as it came, since it goes on as it came; so
// a path that is not made of plain characters alone is matched by an expression. Pure.
import { canonicalPath } from './canonical-path.ts';

/** Beyond so many encoded characters only the canonical spelling is matched: an expression would be too large for Envoy. */
const maxEncoded = 64;
/** What no client sends as it is: it would end the path, or the request. */
const neverRaw = /[\s?#%]|[\p{Cc}]/u;

/**
 * RE2, of the whole path: the percent-encoded characters of the path as they are, with digits of either case, or not encoded.
 * null if there are none, or too many: then the canonical path is the only spelling.
 */
export function pathSpellings(path: string): string | null {
  const runs = canonicalPath(path).split(/((?:%[0-9A-F]{2})+)/);
  const encoded = runs.filter((_, index) => index % 2 === 1).join('').length / 3;
  if (encoded === 0 || encoded > maxEncoded) return null;
  return runs.map((run, index) => (index % 2 === 1 ? anySpelling(run) : quoted(run))).join('');
}

/** `%C3%A9`: that, `%c3%a9`, or é. */
function anySpelling(run: string): string {
  const bytes = Buffer.from(run.replaceAll('%', ''), 'hex');
  const text = bytes.toString('utf8');
  // What is no UTF-8 is sent encoded.
  if (!Buffer.from(text, 'utf8').equals(bytes)) return encodedSpelling(bytes);
  return Array.from(text, (character) => {
    const encoded = encodedSpelling(Buffer.from(character, 'utf8'));
    return neverRaw.test(character) ? encoded : `(?:${encoded}|${quoted(character)})`;
  }).join('');
}

function encodedSpelling(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => {
    const digits = byte.toString(16).toUpperCase().padStart(2, '0');
    return `%${digits.replaceAll(/[A-F]/g, (digit) => `[${digit}${digit.toLowerCase()}]`)}`;
  }).join('');
}

function quoted(text: string): string {
  return text.replaceAll(/[.*+?^$()[\]{}|\\]/g, String.raw`\$&`);
}
