// Moves bytes that stay into slabs of their own. A small Buffer is a part of a slab of Node's, which holds mostly what is
// long forgotten: each of thousands of encoded resources would keep 64 KB.

const slabBytes = 64 * 1024;
/** What is longer is allocated by itself. */
const longBytes = slabBytes / 4;

let slab = new ArrayBuffer(0);
let used = 0;

/** A copy of the bytes. */
export function copyToSlab(bytes: Uint8Array): Uint8Array {
  if (bytes.length > longBytes) return Uint8Array.from(bytes);
  if (used + bytes.length > slab.byteLength) {
    slab = new ArrayBuffer(slabBytes);
    used = 0;
  }
  const copy = Buffer.from(slab, used, bytes.length);
  used += bytes.length;
  copy.set(bytes);
  return copy;
}
