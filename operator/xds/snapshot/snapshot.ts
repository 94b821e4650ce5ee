// XdsResources → a snapshot: checked, encoded once, versioned by content. Pure. What did not change keeps its
// identity, so that the cost of everything behind is the cost of the change. A resource that fails a check is
// left out and named in `invalid`; the last good one of that name stays.
import { checkExclusiveKeys } from '../../envoy/checks/exclusive-keys.ts';
import { sayOnce } from '../../envoy/checks/say-once.ts';
import { encodedOf, type SnapshotTools, takeEncoding } from './encoded.ts';
import type { TypeUrl } from '../../envoy/proto/type-urls.ts';
import type { LayerId, XdsResource, XdsResources } from '../../envoy/resources/xds-resource.ts';
import type { Entry, InvalidResource, Layer, Snapshot, TypeLayer } from './types.ts';

export type { SnapshotTools } from './encoded.ts';

export function buildSnapshot(
  previous: Snapshot | null,
  resources: XdsResources,
  tools: SnapshotTools,
): Snapshot {
  const layers = new Map<LayerId, Layer>();
  const invalid: InvalidResource[] = [];
  for (const [id, contents] of resources.layers) {
    const built = buildLayer(id, previous?.layers.get(id), contents, tools);
    layers.set(id, built.layer);
    invalid.push(...built.invalid);
  }
  const generation = (previous?.generation ?? 0) + 1;
  return { generation, layers, views: resources.views, invalid };
}

/** Whether anything a proxy could see differs: layers keep their identity when nothing in them changed. */
export function isSameContent(a: Snapshot, b: Snapshot): boolean {
  return (
    a.layers.size === b.layers.size &&
    [...a.layers].every(([id, layer]) => b.layers.get(id) === layer) &&
    (a.views === b.views || isSameViews(a.views, b.views))
  );
}

function isSameViews(a: Snapshot['views'], b: Snapshot['views']): boolean {
  if (a.size !== b.size) return false;
  for (const [key, ids] of a) {
    const others = b.get(key);
    if (others !== ids && others?.join(' ') !== ids.join(' ')) return false;
  }
  return true;
}

interface BuiltLayer {
  readonly layer: Layer;
  readonly invalid: readonly InvalidResource[];
}

/** What each layer without invalid resources was made from. */
const madeFrom = new WeakMap<Layer, readonly XdsResource[]>();

function buildLayer(
  id: LayerId,
  before: Layer | undefined,
  contents: readonly XdsResource[],
  tools: SnapshotTools,
): BuiltLayer {
  if (before !== undefined && madeFrom.get(before) === contents) return { layer: before, invalid: [] };
  const edited = before === undefined ? null : editLayer(before, contents, tools);
  if (edited !== null) return { layer: edited, invalid: [] };
  const built = buildWholeLayer(id, before, contents, tools);
  if (built.invalid.length === 0) madeFrom.set(built.layer, contents);
  return built;
}

/**
 * The usual case, at the cost of the change: the same names as before, a few of them with another content. null if it is
 * not that simple.
 */
function editLayer(before: Layer, contents: readonly XdsResource[], tools: SnapshotTools): Layer | null {
  const old = madeFrom.get(before);
  if (old === undefined || old.length !== contents.length) return null;
  const changed = replacedIn(old, contents);
  if (changed === null) return null;
  const types = new Map<TypeUrl, Map<string, Entry>>();
  for (const { resource, old: replaced } of changed) {
    takeEncoding(resource.message, replaced.message);
    const earlier = before.get(resource.typeUrl)?.entries;
    const { entry } = makeEntry(resource, earlier?.get(resource.name), tools);
    if (entry === undefined || earlier === undefined) return null;
    if (entry === earlier.get(resource.name)) continue;
    const entries = types.get(resource.typeUrl) ?? new Map(earlier);
    types.set(resource.typeUrl, entries.set(resource.name, entry));
  }
  const changes = [...types].map(([typeUrl, entries]): [TypeUrl, TypeLayer] => [
    typeUrl,
    { typeUrl, entries },
  ]);
  const layer = changes.length === 0 ? before : new Map([...before, ...changes]);
  madeFrom.set(layer, contents);
  return layer;
}

/** Those of `contents` that stand where another one stood; null: they are others, or in another order. */
function replacedIn(
  old: readonly XdsResource[],
  contents: readonly XdsResource[],
): readonly Replaced[] | null {
  const changed: Replaced[] = [];
  for (const [index, resource] of contents.entries()) {
    const before = old[index];
    if (resource === before) continue;
    if (before === undefined || !isSamePlace(resource, before)) return null;
    changed.push({ resource, old: before });
  }
  return changed;
}

interface Replaced {
  readonly resource: XdsResource;
  readonly old: XdsResource;
}

function isSamePlace(a: XdsResource, b: XdsResource): boolean {
  return (
    a.typeUrl === b.typeUrl && a.name === b.name && a.exclusiveKeys.join('\n') === b.exclusiveKeys.join('\n')
  );
}

function buildWholeLayer(
  id: LayerId,
  before: Layer | undefined,
  contents: readonly XdsResource[],
  tools: SnapshotTools,
): BuiltLayer {
  const types = new Map<TypeUrl, Map<string, Entry>>();
  const invalid: InvalidResource[] = [];
  const refused: XdsResource[] = [];
  const candidates = contents.map((resource) => {
    const earlier = before?.get(resource.typeUrl)?.entries.get(resource.name);
    return { resource, made: makeEntry(resource, earlier, tools) };
  });
  // What is not published holds nothing that another one could not have.
  const conflicts = keyConflicts(
    candidates.flatMap(({ resource, made: it }) => (it.entry === undefined ? [] : [resource])),
  );
  for (const { resource, made: it } of candidates) {
    const { typeUrl, name, origins } = resource;
    const entries = types.get(typeUrl) ?? new Map<string, Entry>();
    types.set(typeUrl, entries);
    const problems = it.entry === undefined ? it.problems : (conflicts.get(`${typeUrl} ${name}`) ?? []);
    if (it.entry !== undefined && problems.length === 0) entries.set(name, it.entry);
    else {
      refused.push(resource);
      invalid.push({ layer: id, typeUrl, name, origins, message: sayOnce(problems).join(' ') });
    }
  }
  keepLastGood(types, refused, before);
  return { layer: reuse(before, types), invalid };
}

/** The last good entry of a refused resource stays, unless something new holds one of its keys. */
function keepLastGood(
  types: ReadonlyMap<TypeUrl, Map<string, Entry>>,
  refused: readonly XdsResource[],
  before: Layer | undefined,
): void {
  for (const { typeUrl, name } of refused) {
    const lastGood = before?.get(typeUrl)?.entries.get(name);
    const entries = types.get(typeUrl);
    if (lastGood === undefined || entries === undefined) continue;
    const holders = [...entries.values(), lastGood].map((it) => ({
      typeUrl,
      name: it.name,
      exclusiveKeys: it.exclusiveKeys,
    }));
    if (checkExclusiveKeys(holders).length === 0) entries.set(name, lastGood);
  }
}

/** Sentences by type and name, about resources with a key that another one of the layer holds. */
function keyConflicts(contents: readonly XdsResource[]): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const { typeUrl, name, message } of checkExclusiveKeys(contents)) {
    const key = `${typeUrl} ${name}`;
    found.set(key, [...(found.get(key) ?? []), message]);
  }
  return found;
}

interface MadeEntry {
  readonly entry: Entry | undefined;
  readonly problems: readonly string[];
}

// A builder that returns the same resource object as last time has the same entry as last time.
const made = new WeakMap<XdsResource, MadeEntry>();

function makeEntry(resource: XdsResource, before: Entry | undefined, tools: SnapshotTools): MadeEntry {
  const known = made.get(resource);
  if (known !== undefined) return known;
  const result = encode(resource, before, tools);
  made.set(resource, result);
  return result;
}

function encode(resource: XdsResource, before: Entry | undefined, tools: SnapshotTools): MadeEntry {
  const { name, origins, clusters, exclusiveKeys, doesNothing } = resource;
  const { any, version, problems } = encodedOf(resource, tools);
  if (problems.length > 0) return { entry: undefined, problems };
  const entry = { name, version, any, origins, clusters, exclusiveKeys, ...(doesNothing && { doesNothing }) };
  return { entry: before !== undefined && isSameEntry(before, entry) ? before : entry, problems: [] };
}

function isSameEntry(a: Entry, b: Entry): boolean {
  return (
    a.version === b.version &&
    a.clusters.join('\n') === b.clusters.join('\n') &&
    a.exclusiveKeys.join('\n') === b.exclusiveKeys.join('\n') &&
    JSON.stringify(a.origins) === JSON.stringify(b.origins)
  );
}

/** The earlier layer, or the earlier types of it, where every entry is the same object. */
function reuse(before: Layer | undefined, types: ReadonlyMap<TypeUrl, ReadonlyMap<string, Entry>>): Layer {
  const layer = new Map<TypeUrl, TypeLayer>();
  for (const [typeUrl, entries] of types) {
    const earlier = before?.get(typeUrl);
    const same = earlier !== undefined && sameEntries(earlier.entries, entries);
    layer.set(typeUrl, same ? earlier : { typeUrl, entries });
  }
  const unchanged =
    before !== undefined &&
    before.size === layer.size &&
    [...layer].every(([type, it]) => before.get(type) === it);
  return unchanged ? before : layer;
}

function sameEntries(a: ReadonlyMap<string, Entry>, b: ReadonlyMap<string, Entry>): boolean {
  if (a.size !== b.size) return false;
  for (const [name, entry] of b) if (a.get(name) !== entry) return false;
  return true;
}
