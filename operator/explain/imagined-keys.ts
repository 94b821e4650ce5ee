// Keys of issuers that only an operator has fetched: manifests do not have them. Whether a token is signed cannot be said then; what follows
// from a valid one can.
import { nobodysKey } from '../envoy/resources/inbound/tokens/jwt-authn.ts';
import type { LoginEndpointsIr } from '../ir/login-endpoints.ts';
import { storedData, storedKeysIn, storedName } from '../jwks/stored-keys.ts';
import type { ConfigMap } from '../objects/objects.ts';
import type { Resources } from '../store/resources.ts';
import { keySourcesOf } from '../translate/policies/security/key-sources.ts';
import { operatorNamespace } from '../values/own-names.ts';

/** It stands for all keys of an issuer, and has signed nothing. */
export const imaginedKey = { ...nobodysKey, kid: 'imagined', use: 'sig' } as const;

/** For each issuer of which none are stored. */
export function imaginedKeys({
  configMaps,
  securityPolicies,
}: Pick<Resources, 'configMaps' | 'securityPolicies'>): readonly ConfigMap[] {
  const stored = storedKeysIn(configMaps);
  return keySourcesOf(securityPolicies)
    .all.filter(({ id }) => !stored.has(id))
    .map(({ id, uri, issuer }) => ({
      kind: 'ConfigMap',
      metadata: { namespace: operatorNamespace, name: storedName(id), generation: 1 },
      data: storedData(uri, {
        keys: [imaginedKey],
        sinceMs: 0,
        fetchedMs: 0,
        endpoints: imaginedEndpoints(issuer),
      }),
    }));
}

/** Somewhere at the issuer. */
function imaginedEndpoints(issuer: string | null): LoginEndpointsIr | null {
  if (issuer === null) return null;
  const { origin } = new URL(issuer);
  return { authorizationEndpoint: `${origin}/authorize`, tokenEndpoint: `${origin}/token` };
}
