// Turns what informers see into what the store takes: our own kinds through admission, the others pruned.
// Entry: createFeed.
import type { Log } from '../../process/log.ts';
import { type ObjectRef, refKey, type StoredKind, type StoredObject } from '../../objects/objects.ts';
import type { ObjectSink } from '../../ports/platform.ts';
import { closedPolicy } from '../closed-policy.ts';
import { convert, convertMeta, isClusterKind } from './convert.ts';
import type { Identity } from './informer/inventory.ts';
import { pruned, type RawObject } from './informer/raw-object.ts';

/** Parses a document of our own API, filling in defaults. problems are full sentences. */
export type Admit = (
  document: unknown,
) =>
  | { readonly ok: true; readonly object: StoredObject }
  | { readonly ok: false; readonly problems: readonly string[] };

export interface Feed {
  upsert(kind: StoredKind, object: RawObject): void;
  remove(kind: StoredKind, identity: Identity): void;
}

export function createFeed(sink: ObjectSink, admit: Admit, log: Log): Feed {
  const ours = new OurKinds(sink, admit);
  return {
    upsert: (kind, object) => {
      try {
        if (isClusterKind(kind)) sink.upsert(object[pruned] ?? convert(kind, object));
        else ours.upsert(kind, object);
      } catch (err) {
        // A fault of ours; the last good version stays in force, and the other objects are not held up.
        log.error(
          { kind, namespace: object.metadata.namespace, name: object.metadata.name, err },
          'object invalid',
        );
      }
    },
    remove: (kind, { namespace, name }) => {
      const ref = { kind, namespace, name };
      ours.forget(ref);
      sink.remove(ref);
    },
  };
}

class OurKinds {
  readonly #sink: ObjectSink;
  readonly #admit: Admit;
  /** By refKey: policies that guard, of which a valid version has come. */
  readonly #valid = new Set<string>();

  constructor(sink: ObjectSink, admit: Admit) {
    this.#sink = sink;
    this.#admit = admit;
  }

  upsert(kind: StoredKind, object: RawObject): void {
    const metadata = convertMeta(object.metadata);
    const document = { ...object, metadata };
    const ref = { kind, namespace: metadata.namespace ?? '', name: metadata.name };
    const admitted = this.#admit(document);
    if (admitted.ok) {
      if (kind === 'SecurityPolicy') this.#valid.add(refKey(ref));
      this.#sink.upsert(admitted.object);
      return;
    }
    const instead = this.#close(ref, document);
    this.#sink.reject(ref, metadata.generation ?? 0, admitted.problems, instead);
  }

  forget(ref: ObjectRef): void {
    this.#valid.delete(refKey(ref));
  }

  /**
   * The API server takes what an earlier version of our definitions allowed, and this process may not have seen the last valid version: it
   * may have refused callers. Nothing is to be open that was closed before a restart or an upgrade.
   * @returns what holds in its place, as a sentence; undefined for the last valid version
   */
  #close(ref: ObjectRef, document: Readonly<Record<string, unknown>>): string | undefined {
    if (ref.kind !== 'SecurityPolicy' || this.#valid.has(refKey(ref))) return undefined;
    const closed = closedPolicy(document, (it) => this.#admit(it).ok);
    const admitted = closed && this.#admit(closed.raw);
    if (admitted?.ok !== true) return 'Nothing of it is enforced.';
    this.#sink.upsert(admitted.object);
    return closed?.effect;
  }
}
