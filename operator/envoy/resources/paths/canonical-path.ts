// The one spelling in which paths of rules and of requests are compared. Pure.
// @see https://www.rfc-editor.org/rfc/rfc3986#section-6.2.2

/** What may stand in a path as itself (RFC 3986, pchar), and the slash between its segments. */
const plain = /[\w.~!$&'()*+,;=:@/-]/;

/**
 * Every character that may stand in a path as itself does so, every other one is percent-encoded in capitals, once:
 * `/my files`, `/my%20files` and `/%6dy%20files` are one path.
 */
export function canonicalPath(path: string): string {
  return [...decoded(Buffer.from(path, 'utf8'))].map(encoded).join('');
}

/** Percent signs that begin no code stand for themselves. */
function decoded(path: Uint8Array): Uint8Array {
  const text = Buffer.from(path).toString('latin1');
  const bytes = text.replaceAll(/%[0-9a-fA-F]{2}/g, (code) =>
    String.fromCodePoint(Number.parseInt(code.slice(1), 16)),
  );
  return Buffer.from(bytes, 'latin1');
}

function encoded(byte: number): string {
  const character = String.fromCodePoint(byte);
  return byte < 0x80 && plain.test(character)
    ? character
    : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
}
