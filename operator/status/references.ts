// Where a snapshot speaks of each object that has a status: from origins back to layers. Pure; remembered by identity, so that a
// layer that did not change is read once. Services and pods are origins, too, far more of them, and nobody asks for those.
import { isMeshwrightKind } from '../../api/v1alpha1/kinds.ts';
import { originKey, type Origin } from '../ir/origin.ts';
import type { InvalidResource, Snapshot, TypeLayer } from '../xds/snapshot/types.ts';
import type { LayerId } from '../envoy/resources/xds-resource.ts';
import { compareText } from '../values/compare-text.ts';

/** How a snapshot speaks of one object. */
export interface Reference {
  /** Layers with an entry that the object shaped, sorted. */
  readonly layers: readonly LayerId[];
  /** The generations of the object from which these entries were made: one and the same, unless some are kept from earlier. */
  readonly oldest: number;
  readonly newest: number;
}

export interface References {
  /** By originKey; of objects that have a status of ours. */
  readonly objects: ReadonlyMap<string, Reference>;
  /** Resources our own checks refused, by originKey of each object that shaped them; sorted by layer, type, name. */
  readonly invalid: ReadonlyMap<string, readonly InvalidResource[]>;
}

type Generations = Pick<Reference, 'oldest' | 'newest'>;

const bySnapshot = new WeakMap<Snapshot, References>();
const byTypeLayer = new WeakMap<TypeLayer, ReadonlyMap<string, Generations>>();
const keysByOrigins = new WeakMap<readonly Origin[], readonly string[]>();

export function referencesIn(snapshot: Snapshot): References {
  const known = bySnapshot.get(snapshot);
  if (known !== undefined) return known;
  const references = { objects: objectsIn(snapshot), invalid: invalidIn(snapshot) };
  bySnapshot.set(snapshot, references);
  return references;
}

/** originKey of each; remembered, for many proxies lag on the same entry. */
export function originKeys(origins: readonly Origin[]): readonly string[] {
  const known = keysByOrigins.get(origins);
  if (known !== undefined) return known;
  const keys = [...new Set(origins.map(originKey))];
  keysByOrigins.set(origins, keys);
  return keys;
}

function objectsIn(snapshot: Snapshot): ReadonlyMap<string, Reference> {
  const objects = new Map<string, MutableReference>();
  const sorted = [...snapshot.layers].toSorted(([a], [b]) => compareText(a, b));
  for (const [id, layer] of sorted) {
    for (const typeLayer of layer.values()) {
      for (const [key, generations] of generationsIn(typeLayer)) note(objects, key, id, generations);
    }
  }
  return objects;
}

interface MutableReference extends Reference {
  readonly layers: LayerId[];
  oldest: number;
  newest: number;
}

/** `id` is the layer being read: it is new to the reference, or its last. */
function note(
  objects: Map<string, MutableReference>,
  key: string,
  id: LayerId,
  generations: Generations,
): void {
  const reference = objects.get(key);
  if (reference === undefined) {
    objects.set(key, { layers: [id], ...generations });
    return;
  }
  if (reference.layers.at(-1) !== id) reference.layers.push(id);
  reference.oldest = Math.min(reference.oldest, generations.oldest);
  reference.newest = Math.max(reference.newest, generations.newest);
}

function generationsIn(typeLayer: TypeLayer): ReadonlyMap<string, Generations> {
  const known = byTypeLayer.get(typeLayer);
  if (known !== undefined) return known;
  const found = new Map<string, Generations>();
  for (const origin of originsWithStatus(typeLayer)) {
    const key = originKey(origin);
    const { oldest, newest } = found.get(key) ?? { oldest: Infinity, newest: 0 };
    found.set(key, {
      oldest: Math.min(oldest, origin.generation),
      newest: Math.max(newest, origin.generation),
    });
  }
  byTypeLayer.set(typeLayer, found);
  return found;
}

/** Each object once: the Mesh alone shapes nearly every entry. */
function originsWithStatus({ entries }: TypeLayer): ReadonlySet<Origin> {
  const found = new Set<Origin>();
  for (const { origins } of entries.values())
    for (const origin of origins) if (isMeshwrightKind(origin.kind)) found.add(origin);
  return found;
}

function invalidIn(snapshot: Snapshot): ReadonlyMap<string, readonly InvalidResource[]> {
  const found = new Map<string, InvalidResource[]>();
  const sorted = snapshot.invalid.toSorted(
    (a, b) =>
      compareText(a.layer, b.layer) || compareText(a.typeUrl, b.typeUrl) || compareText(a.name, b.name),
  );
  for (const resource of sorted) {
    for (const key of originKeys(resource.origins)) {
      const already = found.get(key);
      if (already === undefined) found.set(key, [resource]);
      else already.push(resource);
    }
  }
  return found;
}
