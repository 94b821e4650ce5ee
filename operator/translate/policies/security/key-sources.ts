// Where keys of issuers are fetched from, and what was fetched. An issuer whose keys are not there stays, without keys: no token of it is
// valid.
import { durationMs } from '../../../../api/duration.ts';
import type { SecurityPolicy } from '../../../../api/v1alpha1/security/policy.ts';
import type { KeySourceIr } from '../../../ir/key-source.ts';
import type { LoginEndpointsIr } from '../../../ir/login-endpoints.ts';
import { discoveryUri } from '../../../jwks/discovery.ts';
import { type PublicJwk, readKeySet } from '../../../jwks/key-set.ts';
import { storedKeysIn } from '../../../jwks/stored-keys.ts';
import type { ConfigMap } from '../../../objects/objects.ts';
import { compareText } from '../../../values/compare-text.ts';
import { hashOf } from '../../../values/fingerprint.ts';
import { rememberEach } from '../../../values/remember.ts';
import { compareAge } from '../../facts/precedence.ts';
import { providerId } from './token-match.ts';

type Provider = NonNullable<SecurityPolicy['spec']['authentication']>['jwt'][number];
export type Keys = readonly PublicJwk[];

/** Of the policies of one namespace: each is a request of the operator every few minutes, and an object in its namespace. */
export const maxSourcesPerNamespace = 16;

const defaultRefresh = '5m';

export interface KeySources {
  /** Sorted by id. */
  readonly all: readonly KeySourceIr[];
  /** Policy → names of providers that are beyond the bound of its namespace. */
  readonly beyond: ReadonlyMap<SecurityPolicy, readonly string[]>;
}

/** Of older policies first: what is fetched stays so when another policy comes. Computed once for each list. */
export const keySourcesOf = rememberEach((policies: readonly SecurityPolicy[]): KeySources => {
  const sources = new Map<string, Source>();
  const perNamespace = new Map<string, Set<string>>();
  const beyond = new Map<SecurityPolicy, string[]>();
  for (const policy of policies.toSorted(compareAge)) {
    const { namespace = '' } = policy.metadata;
    const own = perNamespace.get(namespace) ?? new Set();
    perNamespace.set(namespace, own);
    for (const provider of policy.spec.authentication?.jwt ?? []) {
      const source = sourceOf(provider);
      if (source === null) continue;
      if (own.has(source.id) || own.size < maxSourcesPerNamespace) {
        own.add(source.id);
        sources.set(source.id, merged(sources.get(source.id), source, providerId(provider.name, policy)));
      } else beyond.set(policy, [...(beyond.get(policy) ?? []), provider.name]);
    }
  }
  const all = [...sources.values()].map((it) => ({ ...it, providers: it.providers.toSorted(compareText) }));
  return { all: all.toSorted((a, b) => compareText(a.id, b.id)), beyond };
});

type Source = KeySourceIr;

const sourceOf = rememberEach(({ issuer, jwks }: Provider): Source | null => {
  const { inline, uri, caBundle = null, refreshInterval = defaultRefresh } = jwks;
  if (inline !== undefined) return null;
  const fetched = { caBundle, refreshMs: durationMs(refreshInterval), providers: [] };
  if (uri !== undefined) return { id: idOf([uri, caBundle]), uri, issuer: null, ...fetched };
  // By issuer, so that its keys stay when it publishes them elsewhere.
  return { id: idOf(['issuer', issuer, caBundle]), uri: discoveryUri(issuer), issuer, ...fetched };
});

function idOf(parts: readonly (string | null)[]): string {
  return hashOf(parts).slice(0, 32);
}

function merged(known: Source | undefined, source: Source, provider: string): Source {
  const { refreshMs, providers } = known ?? source;
  return { ...source, refreshMs: Math.min(refreshMs, source.refreshMs), providers: [...providers, provider] };
}

/** For each provider of a policy, in its order: the same arrays as long as they hold the same. */
export type KeysOf = (policy: SecurityPolicy) => readonly Keys[];

export function keysFrom({ beyond }: Pick<KeySources, 'beyond'>, configMaps: readonly ConfigMap[]): KeysOf {
  const stored = storedKeysIn(configMaps);
  return (policy) => {
    const inline = inlineKeys(policy);
    return (policy.spec.authentication?.jwt ?? []).map((provider, index) => {
      const source = sourceOf(provider);
      if (source === null) return inline[index] ?? none;
      const isBeyond = beyond.get(policy)?.includes(provider.name) ?? false;
      return isBeyond ? none : (stored.get(source.id)?.keys ?? none);
    });
  };
}

const none: Keys = [];

/** Where the issuer of a provider logs people in, by its discovery document; null: that names no endpoints; undefined: it was never fetched. */
export type EndpointsOf = (provider: Provider) => LoginEndpointsIr | null | undefined;

export function endpointsFrom(configMaps: readonly ConfigMap[]): EndpointsOf {
  const stored = storedKeysIn(configMaps);
  return (provider) => {
    const source = sourceOf(provider);
    return source === null ? undefined : stored.get(source.id)?.endpoints;
  };
}

/** Of key sets in the policy itself; checked once, not again with every policy that changes. */
const inlineKeys = rememberEach(({ spec }: SecurityPolicy): readonly Keys[] =>
  (spec.authentication?.jwt ?? []).map(({ jwks }) =>
    jwks.inline === undefined ? none : readKeySet(jwks.inline).keys,
  ),
);
