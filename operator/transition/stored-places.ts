// Which ports accept plaintext, at rest: one ConfigMap for each namespace of workloads, in the operator's own namespace. The leader
// writes them, every operator reads them. What is not there is Strict if a policy says so: what gets lost never opens a port. Pure.
import { z } from 'zod';
import type { ConfigMap } from '../objects/objects.ts';
import { compareText } from '../values/compare-text.ts';
import { jsonOf } from '../values/json.ts';
import { append } from '../values/labels.ts';
import { rememberEach } from '../values/remember.ts';

const StoredPlaceShape = z.object({
  /** How often it became Strict, and had to accept plaintext again. Default: 0. */
  attempts: z.int().min(0).max(1_000).optional(),
  /** It is Strict since then, and watched (RFC 3339). Absent: it accepts plaintext. */
  strictSince: z.iso.datetime().optional(),
});

/** Of a port. */
export interface StoredPlace {
  readonly attempts: number;
  /** When it became Strict, in ms since 1970; null: it accepts plaintext. */
  readonly strictSinceMs: number | null;
}

/** `Deployment/reviews 9080` → what is known of it. */
export type StoredPlaces = ReadonlyMap<string, StoredPlace>;

const Stored = z.record(z.string(), z.record(z.string(), StoredPlaceShape));

const namePrefix = 'meshwright-mtls-';
const placesFile = 'ports.json';

export function placesName(namespace: string): string {
  return `${namePrefix}${namespace}`;
}

/** port null: `other`. */
export function placeKey(owner: string, port: number | null): string {
  return `${owner} ${port ?? 'other'}`;
}

/** Of all ports of the same owner that no Service names. */
export function othersKey(key: string): string {
  const [owner = ''] = key.split(' ');
  return placeKey(owner, null);
}

/** Of a port that is Strict for good. Nothing is stored of it, unless something is stored of the ports that no Service names: see isOther. */
const strictForGood: StoredPlace = { attempts: 0, strictSinceMs: 0 };
const openAsOthers: StoredPlace = { attempts: 0, strictSinceMs: null };

export interface PlaceAt {
  readonly owner: string;
  readonly port: number | null;
  /** Until a policy named it, it was in the place of the ports that no Service names, and is as open as they are. */
  readonly isOther: boolean;
}

/** null: it is Strict if anybody wants that. */
export function storedAt(places: StoredPlaces, { owner, port, isOther }: PlaceAt): StoredPlace | null {
  const own = places.get(placeKey(owner, port));
  if (own !== undefined) return own.strictSinceMs === strictForGood.strictSinceMs ? null : own;
  return isOther && isOpen(places.get(placeKey(owner, null))) ? openAsOthers : null;
}

function isOpen(stored: StoredPlace | undefined): boolean {
  return stored?.strictSinceMs === null;
}

/**
 * Ports that are not as the other ports of their owner are, so that they stay told apart from these when no Service and no policy names
 * them: `Deployment/reviews` → its ports. Those come first that are Strict beside others that accept plaintext, or may step back.
 */
export function portsApart(places: StoredPlaces): ReadonlyMap<string, readonly number[]> {
  const strict = new Map<string, number[]>();
  const open = new Map<string, number[]>();
  for (const [key, stored] of places) {
    const [owner = '', port = ''] = key.split(' ');
    const others = places.get(othersKey(key));
    if (others === stored) continue;
    if (isOpen(stored) && !isOpen(others)) append(open, owner, Number(port));
    if (!isOpen(stored) && others !== undefined) append(strict, owner, Number(port));
  }
  const owners = new Set([...strict.keys(), ...open.keys()]);
  return new Map(
    [...owners].map((owner) => [owner, [...(strict.get(owner) ?? []), ...(open.get(owner) ?? [])]]),
  );
}

/**
 * With a mark for each port that is Strict for good and whose owner has other ports that accept plaintext, or may step back: without one, it
 * would be taken for one of these when nothing names it any longer.
 * @param wanted the ports that are to be Strict
 */
export function withMarks(
  places: StoredPlaces,
  wanted: readonly Pick<PlaceAt, 'owner' | 'port'>[],
): StoredPlaces {
  const marks = wanted
    .filter(({ owner, port }) => port !== null && places.has(placeKey(owner, null)))
    .map(({ owner, port }) => placeKey(owner, port))
    .filter((key) => !places.has(key));
  return new Map([...places, ...marks.map((key) => [key, strictForGood] as const)]);
}

/** Whether the same would be written of both. */
export function isSameStored(places: StoredPlaces, others: StoredPlaces): boolean {
  return (
    places.size === others.size &&
    [...places].every(([key, { attempts, strictSinceMs }]) => {
      const other = others.get(key);
      return other?.attempts === attempts && other.strictSinceMs === strictSinceMs;
    })
  );
}

export function placesData(places: StoredPlaces): ConfigMap['data'] {
  const byOwner = new Map<string, Record<string, z.infer<typeof StoredPlaceShape>>>();
  for (const [key, { attempts, strictSinceMs }] of [...places].toSorted(([a], [b]) => compareText(a, b))) {
    const [owner = '', port = ''] = key.split(' ');
    const ports = byOwner.get(owner) ?? {};
    byOwner.set(owner, ports);
    ports[port] = {
      ...(attempts > 0 && { attempts }),
      ...(strictSinceMs !== null && { strictSince: new Date(strictSinceMs).toISOString() }),
    };
  }
  return { [placesFile]: JSON.stringify(Object.fromEntries(byOwner)) };
}

/** By namespace. What is not as it was written is left out. */
export function storedPlacesIn(configMaps: readonly ConfigMap[]): ReadonlyMap<string, StoredPlaces> {
  return new Map(
    configMaps.flatMap((configMap) => {
      const { name } = configMap.metadata;
      return name.startsWith(namePrefix) ? [[name.slice(namePrefix.length), parse(configMap)]] : [];
    }),
  );
}

const parse = rememberEach(({ data }: ConfigMap): StoredPlaces => {
  const read = Stored.safeParse(jsonOf(data[placesFile] ?? ''));
  const places = Object.entries(read.data ?? {}).flatMap(([owner, ports]) =>
    Object.entries(ports).map(([port, { attempts = 0, strictSince }]) => {
      const strictSinceMs = strictSince === undefined ? null : Date.parse(strictSince);
      return [`${owner} ${port}`, { attempts, strictSinceMs }] as const;
    }),
  );
  return new Map(places);
});
