// What arrived at the clients, and when.
import type { Scanned } from './discovery-scan.ts';
import { quantile, type Change, type Collected, type Staleness } from './protocol.ts';

interface Arrival {
  readonly proxy: number;
  readonly atMs: number;
  /** Indices of the services that a small message brought endpoints or routes of. */
  readonly services: readonly number[];
}

export class Ledger {
  private arrivals: Arrival[] = [];
  private bytes = 0;
  private resourceBytes = 0;
  private readonly indices = new Map<string, number>();

  note(proxy: number, atMs: number, { bytes, resourceBytes, names }: Scanned): void {
    this.arrivals.push({ proxy, atMs, services: names.length > 400 ? [] : this.servicesOf(names) });
    this.bytes += bytes;
    this.resourceBytes += resourceBytes;
  }

  clear(): void {
    this.arrivals = [];
    this.bytes = 0;
    this.resourceBytes = 0;
  }

  counted(): Pick<Collected, 'messages' | 'bytes' | 'resourceBytes'> {
    return { messages: this.arrivals.length, bytes: this.bytes, resourceBytes: this.resourceBytes };
  }

  delays(sinceMs: number): readonly number[] {
    return this.arrivals.map(({ atMs }) => atMs - sinceMs);
  }

  /** From each change to the next message that brings its service, for each proxy. A service must not change again meanwhile. */
  staleness(proxies: number, changes: readonly Change[]): Staleness {
    const heard = new Map<number, number[]>();
    for (const { proxy, atMs, services } of this.arrivals) {
      for (const service of services) {
        const key = service * proxies + proxy;
        const times = heard.get(key);
        if (times === undefined) heard.set(key, [atMs]);
        else times.push(atMs);
      }
    }
    const values: number[] = [];
    let lost = 0;
    for (const [service, changedAtMs] of changes) {
      for (let proxy = 0; proxy < proxies; proxy += 1) {
        const at = heard.get(service * proxies + proxy)?.find((atMs) => atMs >= changedAtMs);
        if (at === undefined) lost += 1;
        else values.push(at - changedAtMs);
      }
    }
    return {
      p50Ms: quantile(values, 0.5),
      p99Ms: quantile(values, 0.99),
      maxMs: quantile(values, 1),
      lost,
    };
  }

  private servicesOf(names: readonly string[]): readonly number[] {
    return names.map((name) => {
      const known = this.indices.get(name);
      if (known !== undefined) return known;
      const index = Number(/svc-(\d+)/.exec(name)?.[1] ?? -1);
      this.indices.set(name, index);
      return index;
    });
  }
}
