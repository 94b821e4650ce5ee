// What an informer has delivered, by key and version: a fresh list compared with it shows the changes and the
// deletions that no watch told of. State without I/O.
import type { RawObject } from './raw-object.ts';

export interface Identity {
  /** '' for cluster-scoped kinds. */
  readonly namespace: string;
  readonly name: string;
}

export interface Difference {
  readonly changed: readonly RawObject[];
  readonly gone: readonly Identity[];
}

export class Inventory {
  #known = new Map<string, { identity: Identity; version: string }>();

  /** Takes the whole of a list; tells what is new in it and what is no longer there. */
  replace(objects: readonly RawObject[]): Difference {
    const before = this.#known;
    this.#known = new Map();
    const changed = objects.filter((object) => {
      this.put(object);
      return before.get(keyOf(object))?.version !== object.metadata.resourceVersion;
    });
    const gone = [...before].filter(([key]) => !this.#known.has(key)).map(([, entry]) => entry.identity);
    return { changed, gone };
  }

  /** false if this version was delivered already. */
  put(object: RawObject): boolean {
    const key = keyOf(object);
    const version = object.metadata.resourceVersion;
    if (this.#known.get(key)?.version === version) return false;
    this.#known.set(key, { identity: identityOf(object), version });
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
