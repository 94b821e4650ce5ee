// Which ports accept plaintext, at rest: one ConfigMap for each namespace of workloads, in the operator's own namespace. The leader
// writes them, every operator reads them. What is not there is Strict if a policy says so: what gets lost never opens a port. Pure.
import { z } from 'zod';
import type { ConfigMap } from '../objects/objects.ts';
import { compareText } from '../values/compare-text.ts';
import { jsonOf } from '../values/json.ts';
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
