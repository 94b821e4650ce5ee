// Key sets at rest: one ConfigMap for each source, in the operator's own namespace. The leader writes them, every operator reads them.
// Pure.
import type { LoginEndpointsIr } from '../ir/login-endpoints.ts';
import type { ConfigMap } from '../objects/objects.ts';
import { rememberEach } from '../values/remember.ts';
import { jsonOf } from '../values/json.ts';
import { LoginEndpoints } from './discovery.ts';
import { type PublicJwk, readKeySet } from './key-set.ts';

export interface StoredKeys {
  /** Sorted by kid, at least one. */
  readonly keys: readonly PublicJwk[];
  /** When the issuer first had exactly these, in ms since 1970. */
  readonly sinceMs: number;
  /** When it last had them, in ms since 1970: rounded down, as times of success are not written each time. */
  readonly fetchedMs: number;
  /** As the discovery document of the issuer names them; null: it does not, or there is none. */
  readonly endpoints: LoginEndpointsIr | null;
}

const namePrefix = 'meshwright-jwks-';
const [keysFile, uriFile, sinceFile, fetchedFile] = ['jwks.json', 'uri', 'since', 'fetched'] as const;
const endpointsFile = 'endpoints.json';

export function storedName(sourceId: string): string {
  return `${namePrefix}${sourceId}`;
}

export function storedData(
  uri: string,
  { keys, sinceMs, fetchedMs, endpoints }: StoredKeys,
): ConfigMap['data'] {
  return {
    [keysFile]: JSON.stringify({ keys }),
    [uriFile]: uri,
    [sinceFile]: new Date(sinceMs).toISOString(),
    [fetchedFile]: new Date(fetchedMs).toISOString(),
    ...(endpoints !== null && { [endpointsFile]: JSON.stringify(endpoints) }),
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
  const endpoints = LoginEndpoints.safeParse(jsonOf(data[endpointsFile] ?? 'null')).data ?? null;
  return { keys, sinceMs, fetchedMs, endpoints };
});
