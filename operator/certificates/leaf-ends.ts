// When the certificates in Secrets expire, renewed or not. Knows no clock.
import { X509Certificate } from 'node:crypto';
import type { IdentityIr } from '../ir/mesh-ir.ts';
import type { SecretData } from '../ports/platform.ts';
import { compareText } from '../values/compare-text.ts';
import { secretOf } from './each-of.ts';
import type { LeafCheck } from './renewal.ts';
import { parsed } from './root.ts';

/** Certificates that should have been renewed long ago. */
export interface LateLeaves {
  readonly count: number;
  /** How many of them have expired. */
  readonly expired: number;
  /** The one that expires, or expired, first: `Secret shop/meshwright-reviews`. */
  readonly first: string;
  readonly firstEnd: Date;
}

/** In ms since 1970. */
interface LeafEnd {
  /** From then on it should have been renewed long ago: half of the time from renewal to the end has passed. */
  readonly lateMs: number;
  readonly endMs: number;
}

interface Known extends LeafEnd {
  readonly identity: IdentityIr;
}

export class LeafEnds {
  readonly #known = new Map<string, Known>();

  /** end null: there is no certificate. */
  note(key: string, identity: IdentityIr, end: LeafEnd | null): void {
    if (end === null) this.#known.delete(key);
    else this.#known.set(key, { identity, ...end });
  }

  /** Others are no longer in use. */
  keep(keys: Pick<ReadonlyMap<string, unknown>, 'has'>): void {
    for (const key of this.#known.keys()) if (!keys.has(key)) this.#known.delete(key);
  }

  /** The first of each namespace, in ms since 1970, sorted by namespace. */
  byNamespace(): readonly (readonly [namespace: string, endMs: number])[] {
    const ends = new Map<string, number>();
    for (const { identity, endMs } of this.#known.values())
      ends.set(identity.namespace, Math.min(ends.get(identity.namespace) ?? Infinity, endMs));
    return [...ends].toSorted(([one], [other]) => compareText(one, other));
  }

  /** null: none. */
  late(now: number): LateLeaves | null {
    const late = [...this.#known.values()].filter(({ lateMs }) => now > lateMs);
    const [first] = late.toSorted((one, other) => one.endMs - other.endMs);
    if (first === undefined) return null;
    return {
      count: late.length,
      expired: late.filter(({ endMs }) => endMs <= now).length,
      first: `Secret ${secretOf(first.identity)}`,
      firstEnd: new Date(first.endMs),
    };
  }
}

export function endOf({ renewAt, notAfter }: LeafCheck & { readonly good: true }): LeafEnd {
  const endMs = notAfter.getTime();
  return { lateMs: (renewAt.getTime() + endMs) / 2, endMs };
}

/** Of the certificate in a Secret, whatever else is wrong with it; null: there is none. */
export function storedEnd(data: SecretData | undefined): LeafEnd | null {
  const leaf = parsed(() => new X509Certificate(data?.['tls.crt'] ?? ''));
  if (leaf === undefined) return null;
  const [startMs, endMs] = [leaf.validFromDate.getTime(), leaf.validToDate.getTime()];
  return { lateMs: startMs + (endMs - startMs) * 0.75, endMs };
}
