// How this process uses V8 and its memory: what Node takes for granted, and does not suit a server of thousands of small streams.
import { Buffer } from 'node:buffer';
import { setFlagsFromString } from 'node:v8';

/**
 * For the whole process, at its start. See docs/decisions/012-memory-of-the-operator.md and 025-at-rest.md for what each of them is worth.
 * A V8 without one of the flags passes over it, and says so on stderr.
 * @see https://nodejs.org/api/buffer.html#bufferpoolsize
 * @see https://nodejs.org/api/v8.html#v8setflagsfromstringflags
 */
export function setUpEngine(): void {
  // A small Buffer keeps all of the slab it is a part of. Node's TLS keeps one of three bytes for each connection (its ALPN
  // protocols), and so a slab for each proxy: of 8 KB, as before Node 24, not of 64.
  Buffer.poolSize = 8 * 1024;
  // In percent. V8 begins to look for garbage long before its heap is full, and while a thousand proxies connect again and
  // again.
  setFlagsFromString('--incremental-marking-soft-trigger=90');
  // After a collection at rest V8 collects twice more, in steps, to give memory back to the system: the second time finds nothing.
  setFlagsFromString('--memory-reducer-gc-count=1');
  // V8 would compile for a start what hardly ever runs again: a function is optimized after ten (Maglev: four) times as many calls.
  setFlagsFromString('--invocation-count-for-turbofan=30000');
  setFlagsFromString('--invocation-count-for-maglev=1500');
}
