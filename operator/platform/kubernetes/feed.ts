// Turns what informers see into what the store takes: our own kinds through admission, the others pruned.
// Entry: createFeed.
import type { Log } from '../../process/log.ts';
import type { StoredKind, StoredObject } from '../../objects/objects.ts';
import type { ObjectSink } from '../../ports/platform.ts';
import { convert, convertMeta, isClusterKind } from './convert.ts';
import type { Identity } from './informer/inventory.ts';
import type { RawObject } from './informer/raw-object.ts';

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
  return {
    upsert: (kind, object) => {
      try {
        if (isClusterKind(kind)) sink.upsert(convert(kind, object));
        else upsertOurs(sink, admit, { kind, object });
      } catch (err) {
        // A fault of ours; the last good version stays in force, and the other objects are not held up.
        log.error(
          { kind, namespace: object.metadata.namespace, name: object.metadata.name, err },
          'object invalid',
        );
      }
    },
    remove: (kind, { namespace, name }) => sink.remove({ kind, namespace, name }),
  };
}

function upsertOurs(
  sink: ObjectSink,
  admit: Admit,
  { kind, object }: { kind: StoredKind; object: RawObject },
): void {
  const metadata = convertMeta(object.metadata);
  const admitted = admit({ ...object, metadata });
  if (admitted.ok) sink.upsert(admitted.object);
  else
    sink.reject(
      { kind, namespace: metadata.namespace ?? '', name: metadata.name },
      metadata.generation ?? 0,
      admitted.problems,
    );
}
