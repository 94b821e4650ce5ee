// A Lease in memory.
import type { LeasePort, StoredLease } from '../../operator/ports/lease-port.ts';

export class MemoryLease implements LeasePort {
  stored: StoredLease | undefined;
  /** Of operators that cannot reach it. */
  readonly cut = new Set<string>();
  /** `a reads`, `a writes`: what reached it, in order. */
  readonly calls: string[] = [];

  as(who: string): LeasePort {
    const reach = (what: string): void => {
      if (this.cut.has(who)) throw new Error('unreachable');
      this.calls.push(`${who} ${what}`);
    };
    return {
      read: async () => {
        reach('reads');
        return await this.read();
      },
      write: async (record, over) => {
        reach('writes');
        return await this.write(record, over);
      },
    };
  }

  read(): Promise<StoredLease | undefined> {
    return Promise.resolve(this.stored);
  }

  write(...[record, over]: Parameters<LeasePort['write']>): ReturnType<LeasePort['write']> {
    if (this.stored?.resourceVersion !== over?.resourceVersion) return Promise.resolve('conflict');
    this.stored = { ...record, resourceVersion: String(Number(over?.resourceVersion ?? 0) + 1) };
    return Promise.resolve(this.stored);
  }
}
