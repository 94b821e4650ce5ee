// HTTP/1 messages as they stand on the wire, read without any of the tolerance of a real parser: letter case, order and framing
// are what is compared. Entry: readMessages. Bytes are strings of latin1.

export interface Message {
  /** The request line or the status line. */
  readonly start: string;
  /** In their order, letter case and number. */
  readonly headers: readonly Field[];
  readonly framing: Framing;
  /** Without the marks of chunks. */
  readonly body: string;
  readonly trailers: readonly Field[];
}

/** `Name: value`, as written. */
export type Field = string;

export type Framing = 'none' | 'content-length' | 'chunked' | 'until close';

export interface Read {
  readonly messages: readonly Message[];
  /** A message that has begun and has no end; or what follows a switch of protocols. */
  readonly rest: string;
}

export interface Side {
  readonly kind: 'request' | 'response';
  /** Responses: to a request of this method. */
  readonly method: string;
  /** Whether the other end has closed: the end of a message that nothing else ends. */
  readonly closed: boolean;
}

export function readMessages(bytes: string, side: Side): Read {
  const messages: Message[] = [];
  for (let rest = bytes; ;) {
    const read = readMessage(rest, side);
    if (read === null) return { messages, rest };
    messages.push(read.message);
    rest = read.rest;
    if (read.message.start.includes(' 101 ')) return { messages, rest };
  }
}

interface One {
  readonly message: Message;
  readonly rest: string;
}

function readMessage(bytes: string, side: Side): One | null {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return null;
  const [start = '', ...lines] = bytes.slice(0, end).split('\r\n');
  const headers = lines.map(withoutSpace);
  const after = bytes.slice(end + 4);
  const whole = (framing: Framing, body: string, rest: string, trailers: readonly Field[] = []): One => ({
    message: { start, headers, framing, body, trailers },
    rest,
  });
  const length = valueOf(headers, 'content-length');
  const chunked = /chunked$/i.test(valueOf(headers, 'transfer-encoding') ?? '');
  if (hasNoBody(start, side)) return whole('none', '', after);
  if (chunked) {
    const read = readChunks(after);
    return read && whole('chunked', read.body, read.rest, read.trailers);
  }
  if (length !== null) {
    const size = Number(length);
    return after.length < size ? null : whole('content-length', after.slice(0, size), after.slice(size));
  }
  if (side.kind === 'request') return whole('none', '', after);
  return side.closed ? whole('until close', after, '') : null;
}

/** @see https://www.rfc-editor.org/rfc/rfc9112#section-6.3 */
function hasNoBody(start: string, { kind, method }: Side): boolean {
  return kind === 'response' && (method === 'HEAD' || / (?:1\d\d|204|304)(?: |$)/.test(start));
}

function readChunks(
  bytes: string,
): { readonly body: string; readonly trailers: readonly Field[]; readonly rest: string } | null {
  let body = '';
  for (let at = 0; ;) {
    const line = bytes.indexOf('\r\n', at);
    if (line < 0) return null;
    const size = Number.parseInt(bytes.slice(at, line), 16);
    if (size === 0) return readTrailers(body, bytes.slice(line));
    const end = line + 2 + size;
    if (bytes.length < end + 2) return null;
    body += bytes.slice(line + 2, end);
    at = end + 2;
  }
}

/** `bytes` from the end of the line of the last chunk. */
function readTrailers(body: string, bytes: string): ReturnType<typeof readChunks> {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return null;
  const trailers = bytes
    .slice(2, end + 2)
    .split('\r\n')
    .filter((line) => line !== '')
    .map(withoutSpace);
  return { body, trailers, rest: bytes.slice(end + 4) };
}

/** Space around a value is not part of it. @see https://www.rfc-editor.org/rfc/rfc9112#section-5 */
function withoutSpace(line: string): Field {
  const colon = line.indexOf(':');
  return `${line.slice(0, colon)}: ${line.slice(colon + 1).replaceAll(/^[ \t]+|[ \t]+$/g, '')}`;
}

export function valueOf(headers: readonly Field[], name: string): string | null {
  const field = headers.find((header) => header.toLowerCase().startsWith(`${name}:`));
  return field === undefined ? null : field.slice(name.length + 1).trim();
}
