// What an informer has delivered, by key and version: a fresh list compared with it shows the changes and the
// deletions that no watch told of. State without I/O.
import { ByName } from '../../../values/by-name.ts';
import type { RawObject } from './raw-object.ts';

export interface Identity {
  /** '' for cluster-scoped kinds. */
  readonly namespace: string;
  readonly name: string;
}

/** A list that is coming in. Nothing changes in the inventory until it is complete. */
export interface Listing {
  /** Takes one object of it; false if this version was delivered already. */
  note(object: RawObject): boolean;
  /** It is complete: tells what it does not have any more, and forgets that. */
  finish(): readonly Identity[];
}

export class Inventory {
  /** The version of each. */
  readonly #known = new ByName<string>();

  isEmpty(): boolean {
    return this.#known.size === 0;
  }

  startListing(): Listing {
    const listed = new ByName<true>();
    return {
      note: (object) => {
        const identity = identityOf(object);
        listed.set(identity, true);
        return this.#known.get(identity) !== object.metadata.resourceVersion;
      },
      finish: () => {
        const gone = [...this.#known.names()].filter((identity) => listed.get(identity) === undefined);
        for (const identity of gone) this.#known.delete(identity);
        return gone;
      },
    };
  }

  /** false if this version was delivered already. */
  put(object: RawObject): boolean {
    const identity = identityOf(object);
    const version = object.metadata.resourceVersion;
    if (this.#known.get(identity) === version) return false;
    this.#known.set(identity, version);
    return true;
  }

  delete(object: RawObject): void {
    this.#known.delete(identityOf(object));
  }
}

export function identityOf(object: RawObject): Identity {
  return { namespace: object.metadata.namespace ?? '', name: object.metadata.name };
}
