// A tar archive as a stream of bytes, the same bytes for the same entries: no times, no owners. Entry: tar.
// Format: ustar, with a pax header where a path is too long for it (POSIX.1-2001, pax, "ustar Interchange Format").
export type TarEntry = { readonly path: string } & (
  | { readonly kind: 'directory'; readonly mode?: number }
  | { readonly kind: 'symlink'; readonly target: string }
  | { readonly kind: 'file'; readonly mode: number; readonly content: Buffer }
  | {
      readonly kind: 'stream';
      readonly mode: number;
      /** What `chunks` amounts to, in bytes. */
      readonly size: number;
      readonly chunks: () => AsyncIterable<Buffer>;
    }
);

const blockSize = 512;
const longestPath = 100;
const typeFlags = { file: '0', stream: '0', symlink: '2', directory: '5', pax: 'x' } as const;

/** Entries come in the order given: a folder before what is in it. */
export async function* tar(entries: Iterable<TarEntry>): AsyncGenerator<Buffer> {
  for (const entry of entries) {
    yield* paxHeader(entry);
    yield header(entry.path, typeFlags[entry.kind], entry);
    if (entry.kind === 'file') yield padded(entry.content);
    if (entry.kind === 'stream') yield* contentOf(entry);
  }
  yield Buffer.alloc(2 * blockSize);
}

/** How long `tar(entries)` is, in bytes. */
export function tarSize(entries: Iterable<TarEntry>): number {
  let size = 2 * blockSize;
  for (const entry of entries) {
    for (const part of paxHeader(entry)) size += part.length;
    size += blockSize + roundedUp(sizeOf(entry));
  }
  return size;
}

async function* contentOf(entry: Extract<TarEntry, { kind: 'stream' }>): AsyncGenerator<Buffer> {
  let read = 0;
  for await (const chunk of entry.chunks()) {
    read += chunk.length;
    yield chunk;
  }
  if (read !== entry.size) throw new Error(`${entry.path} is not as long as it was: its source has changed`);
  yield Buffer.alloc(roundedUp(read) - read);
}

function* paxHeader(entry: TarEntry): Generator<Buffer> {
  const records: string[] = [];
  if (Buffer.byteLength(entry.path) > longestPath) records.push(paxRecord('path', entry.path));
  if (entry.kind === 'symlink' && Buffer.byteLength(entry.target) > longestPath) {
    records.push(paxRecord('linkpath', entry.target));
  }
  if (records.length === 0) return;
  const content = Buffer.from(records.join(''));
  yield header('pax', typeFlags.pax, { kind: 'file', mode: 0o644, content });
  yield padded(content);
}

/** `LENGTH KEY=VALUE\n`, where the length counts itself. */
function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  const length = Buffer.byteLength(rest);
  const digits = String(length + String(length).length).length;
  return `${length + digits}${rest}`;
}

type Attributes =
  | Omit<Extract<TarEntry, { kind: 'directory' }>, 'path'>
  | Omit<Extract<TarEntry, { kind: 'symlink' }>, 'path'>
  | Omit<Extract<TarEntry, { kind: 'file' }>, 'path'>
  | Omit<Extract<TarEntry, { kind: 'stream' }>, 'path'>;

function header(path: string, typeFlag: string, attributes: Attributes): Buffer {
  const block = Buffer.alloc(blockSize);
  const text = (value: string, offset: number, length: number): void => {
    Buffer.from(value).copy(block, offset, 0, length);
  };
  const octal = (value: number, offset: number, length: number): void =>
    text(`${value.toString(8).padStart(length - 1, '0')}\0`, offset, length);
  text(path, 0, longestPath);
  octal(modeOf(attributes), 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(sizeOf(attributes), 124, 12);
  octal(0, 136, 12);
  text(typeFlag, 156, 1);
  if (attributes.kind === 'symlink') text(attributes.target, 157, longestPath);
  text('ustar\x0000', 257, 8);
  // The checksum counts its own field as spaces.
  text(' '.repeat(8), 148, 8);
  octal(
    block.reduce((sum, byte) => sum + byte, 0),
    148,
    7,
  );
  return block;
}

function modeOf(attributes: Attributes): number {
  switch (attributes.kind) {
    case 'directory':
      return attributes.mode ?? 0o755;
    case 'symlink':
      return 0o777;
    case 'file':
    case 'stream':
      return attributes.mode;
  }
}

function sizeOf(attributes: Attributes): number {
  if (attributes.kind === 'file') return attributes.content.length;
  return attributes.kind === 'stream' ? attributes.size : 0;
}

function padded(content: Buffer): Buffer {
  return Buffer.concat([content, Buffer.alloc(roundedUp(content.length) - content.length)]);
}

function roundedUp(size: number): number {
  return Math.ceil(size / blockSize) * blockSize;
}
