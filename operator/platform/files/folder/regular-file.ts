// Reads a file that anybody may have put there: regular files only, so many bytes at most, without waiting for
// another process. Entry: readRegularFile.
import type { Stats } from 'node:fs';
import { constants, type FileHandle, open, stat } from 'node:fs/promises';
import { codeOf, isAbsent } from '../state/atomic-file.ts';

export type FileContent =
  | { readonly kind: 'text'; readonly text: string }
  /** reason goes on after the name of the file, and says what to do. */
  | { readonly kind: 'unreadable'; readonly reason: string };

/** undefined if there is no such file. Links are followed. Never rejects. */
export async function readRegularFile(path: string, maxBytes: number): Promise<FileContent | undefined> {
  try {
    // Opening a device may already have an effect: look first.
    const before = await stat(path);
    if (!before.isFile()) return unreadable(notRegular(before));
    if (before.size > maxBytes) return unreadable(tooLarge(before.size, maxBytes));
    // What was a file a moment ago may be a pipe now: O_NONBLOCK opens it without waiting for a writer.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    try {
      return await readOpen(file, maxBytes);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (isAbsent(error)) return undefined;
    return unreadable(refused(codeOf(error) ?? String(error)));
  }
}

async function readOpen(file: FileHandle, maxBytes: number): Promise<FileContent> {
  const stats = await file.stat();
  if (!stats.isFile()) return unreadable(notRegular(stats));
  // One byte more than may be: a file can grow, or not tell its size as those of /proc.
  const buffer = Buffer.allocUnsafe(Math.min(maxBytes, Math.max(stats.size, 4096)) + 1);
  let length = 0;
  while (length < buffer.length) {
    // oxlint-disable-next-line no-await-in-loop -- a file is read from its beginning to its end
    const { bytesRead } = await file.read(buffer, length, buffer.length - length, length);
    if (bytesRead === 0) return decoded(buffer.subarray(0, length));
    length += bytesRead;
  }
  return unreadable(
    length > maxBytes
      ? tooLarge(length, maxBytes)
      : 'changed while it was read. Write it to a temporary file, and rename it.',
  );
}

/** A byte order mark is left out. */
function decoded(bytes: Uint8Array): FileContent {
  try {
    return { kind: 'text', text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    return unreadable('is not valid UTF-8. Save it as UTF-8.');
  }
}

function notRegular(stats: Stats): string {
  return `is ${kindOf(stats)}, not a regular file. Replace it with a regular file, or remove it.`;
}

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return 'a folder';
  if (stats.isFIFO()) return 'a named pipe';
  if (stats.isSocket()) return 'a socket';
  return 'a device';
}

function tooLarge(bytes: number, maxBytes: number): string {
  return `is too large${bytes > maxBytes + 1 ? ` (${bytes} bytes)` : ''}: the limit is ${maxBytes} bytes. Split it into several files.`;
}

function refused(code: string): string {
  if (code === 'EACCES' || code === 'EPERM') return `cannot be read (${code}). Let the operator read it.`;
  if (code === 'ELOOP') return 'is a symbolic link that leads to itself. Fix the link, or remove it.';
  return `cannot be read (${code}). Fix the cause, or remove it.`;
}

function unreadable(reason: string): FileContent {
  return { kind: 'unreadable', reason };
}
