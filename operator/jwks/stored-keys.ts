// Key sets at rest: one ConfigMap for each source, in the operator's own namespace. The leader writes them, every operator reads them.
// Pure.
import type { ConfigMap } from '../objects/objects.ts';
import { rememberEach } from '../values/remember.ts';
import { type PublicJwk, readKeySet } from './key-set.ts';

export interface StoredKeys {
  /** Sorted by kid, at least one. */
  readonly keys: readonly PublicJwk[];
  /** When the issuer first had exactly these, in ms since 1970. */
  readonly sinceMs: number;
  /** When it last had them, in ms since 1970: rounded down, as times of success are not written each time. */
  readonly fetchedMs: number;
}

const namePrefix = 'meshwright-jwks-';
const [keysFile, uriFile, sinceFile, fetchedFile] = ['jwks.json', 'uri', 'since', 'fetched'] as const;

export function storedName(sourceId: string): string {
  return `${namePrefix}${sourceId}`;
}

export function storedData(uri: string, { keys, sinceMs, fetchedMs }: StoredKeys): ConfigMap['data'] {
  return {
    [keysFile]: JSON.stringify({ keys }),
    [uriFile]: uri,
    [sinceFile]: new Date(sinceMs).toISOString(),
    [fetchedFile]: new Date(fetchedMs).toISOString(),
  };
}

/** By the id of the source. What is not as it was written is left out. */
export function storedKeysIn(configMaps: readonly ConfigMap[]): ReadonlyMap<string, StoredKeys> {
  return new Map(
    configMaps.flatMap((configMap) => {
      const stored = parse(configMap);
      const { name } = configMap.metadata;
      return stored !== null && name.startsWith(namePrefix) ? [[name.slice(namePrefix.length), stored]] : [];
    }),
  );
}

/** Keys are checked once for each version. */
const parse = rememberEach(({ data }: ConfigMap): StoredKeys | null => {
  const { keys } = readKeySet(data[keysFile] ?? '');
  const sinceMs = Date.parse(data[sinceFile] ?? '');
  const fetchedMs = Date.parse(data[fetchedFile] ?? '');
  if (keys.length === 0 || Number.isNaN(sinceMs) || Number.isNaN(fetchedMs)) return null;
  return { keys, sinceMs, fetchedMs };
});
