// What certificates of an issuer have shown of its authority, since this operator started.
import type { IssuerRefIr } from '../../ir/mesh-ir.ts';
import { pemsOf } from '../pems.ts';
import { issuerKey } from './issuer-name.ts';

export interface Seen {
  /** PEM of the root of the last certificate. */
  readonly root: string;
  /** PEM of intermediates under this root, the last one first. */
  readonly links: string;
}

/** Some issuers have several intermediates in turns. */
const mostLinks = 8;

export class SeenIssuers {
  readonly #seen = new Map<string, Seen>();

  /** named: the root that the issuer names, which may be a renewed one with the same key. */
  note(
    issuer: IssuerRefIr,
    { root, named, links }: { readonly root: string; readonly named: string | null; readonly links: string },
  ): void {
    const present = this.#seen.get(issuerKey(issuer));
    const next = named ?? root;
    const former = present?.root === next ? present.links : '';
    const all = [...new Set([...pemsOf(links), ...pemsOf(former)])].slice(0, mostLinks);
    this.#seen.set(issuerKey(issuer), { root: next, links: all.map((pem) => `${pem}\n`).join('') });
  }

  /** undefined: nothing yet. */
  of(issuer: IssuerRefIr): Seen | undefined {
    return this.#seen.get(issuerKey(issuer));
  }
}
