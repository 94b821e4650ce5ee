// A small Buffer is a part of a slab of Node's, and keeps all of it. Node's TLS keeps one of three bytes for each connection (its
// ALPN protocols), and so did a slab of 64 KB for every proxy.
import { Buffer } from 'node:buffer';

/** Of this process: slabs of 8 KB, as they were before Node 24. @see https://nodejs.org/api/buffer.html#bufferpoolsize */
export function useSmallSlabs(): void {
  Buffer.poolSize = 8 * 1024;
}
