// Secrets of clients for logins: manifests do not have them, and a login without one would be none. What they hold makes no difference to who gets in.
import type { Secret } from '../objects/objects.ts';
import type { Resources } from '../store/resources.ts';
import { loginSecretName } from '../values/own-names.ts';
import { Redacted } from '../values/redacted.ts';

/** For each namespace with a login that has none. */
export function imaginedSecrets({
  secrets,
  securityPolicies,
}: Pick<Resources, 'secrets' | 'securityPolicies'>): readonly Secret[] {
  const known = new Set(secrets.map(({ metadata }) => metadata.namespace));
  const missing = new Map<string, Record<string, Redacted<string>>>();
  for (const { metadata, spec } of securityPolicies) {
    const login = spec.authentication?.login;
    if (login === undefined || known.has(metadata.namespace)) continue;
    const { namespace = '' } = metadata;
    const data = missing.get(namespace) ?? {};
    data[login.oidc.clientSecretKey] = new Redacted('imagined-secret-of-a-client');
    missing.set(namespace, data);
  }
  return [...missing].map(([namespace, data]) => ({
    kind: 'Secret',
    metadata: { namespace, name: loginSecretName },
    data,
  }));
}
