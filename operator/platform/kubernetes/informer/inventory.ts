// What an informer has delivered, by key and version: a fresh list compared with it shows the changes and the
// deletions that no watch told of. State without I/O.
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
  /** Key → version. */
  #known = new Map<string, string>();

  isEmpty(): boolean {
    return this.#known.size === 0;
  }

  startListing(): Listing {
    const listed = new Set<string>();
    return {
      note: (object) => {
        const key = keyOf(object);
        listed.add(key);
        return this.#known.get(key) !== object.metadata.resourceVersion;
      },
      finish: () => {
        const gone = [...this.#known.keys()].filter((key) => !listed.has(key));
        for (const key of gone) this.#known.delete(key);
        return gone.map(identityOfKey);
      },
    };
  }

  /** false if this version was delivered already. */
  put(object: RawObject): boolean {
    const key = keyOf(object);
    const version = object.metadata.resourceVersion;
    if (this.#known.get(key) === version) return false;
    this.#known.set(key, version);
    return true;
  }

  delete(object: RawObject): void {
    this.#known.delete(keyOf(object));
  }
}

export function identityOf(object: RawObject): Identity {
  return { namespace: object.metadata.namespace ?? '', name: object.metadata.name };
}

function keyOf(object: RawObject): string {
  return `${object.metadata.namespace ?? ''}/${object.metadata.name}`;
}

/** A namespace has no slash in it. */
function identityOfKey(key: string): Identity {
  const slash = key.indexOf('/');
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}
