// What a login needs, and what its policy is told.
import { describe, expect, test } from '@jest/globals';
import type { LoginIr } from '../../../../../operator/ir/login.ts';
import { createTranslator } from '../../../../../operator/translate/translator.ts';
import { translate, type Translation } from '../../../../../operator/translate/translate.ts';
import { readKeySet } from '../../../../../operator/jwks/key-set.ts';
import { storedData, storedName } from '../../../../../operator/jwks/stored-keys.ts';
import { isSameValue } from '../../../../../operator/values/same-value.ts';
import { Redacted } from '../../../../../operator/values/redacted.ts';
import { issueKey, keySet } from '../../../../support/data-plane/issuer.ts';
import { meshedPod, resourcesOfDocuments, service, translateOptions } from '../../../../support/builders.ts';

const jwks = { inline: keySet(await issueKey('k', 'ES256')) };
const world = [
  { kind: 'Mesh', metadata: { name: 'default' }, spec: {} },
  { kind: 'Namespace', metadata: { name: 'shop', labels: { 'meshwright.dev/mesh': 'enabled' } } },
  meshedPod('reviews-1', 'reviews', '10.0.0.1'),
  service('reviews', { ports: [{ port: 9080, name: 'http' }] }),
];

function policy(name: string, oidc: object = {}, target = { kind: 'Service', name: 'reviews' }): object {
  const jwt = [{ name: 'corp', issuer: 'https://login.example', audiences: ['shop'], jwks }];
  const login = {
    oidc: {
      provider: 'corp',
      clientId: 'shop',
      authorizationEndpoint: 'https://login.example/authorize',
      tokenEndpoint: 'https://login.example/token',
      redirectURI: 'https://shop.example/callback',
      ...oidc,
    },
  };
  return {
    kind: 'SecurityPolicy',
    metadata: { name, namespace: 'shop' },
    spec: { targetRefs: [target], authentication: { jwt, login } },
  };
}

const secret = (stringData: object, namespace = 'shop', name = 'meshwright-login'): object => ({
  kind: 'Secret',
  metadata: { name, namespace },
  stringData,
});
const good = { 'client-secret': 'a-secret-of-a-client' };

const translated = (...documents: readonly object[]): Translation =>
  translate(resourcesOfDocuments([...world, ...documents]), translateOptions);

function loginIn({ ir }: Translation): LoginIr | null {
  return ir?.workloads[0]?.inbound[0]?.authentication?.login ?? null;
}

function readyOf({ verdicts }: Translation, name = 'a'): string {
  const verdict = verdicts.find(({ origin }) => origin.name === name);
  const ready = verdict?.conditions.find(({ type }) => type === 'LoginReady');
  return ready === undefined ? '' : `${ready.status} ${ready.reason}: ${ready.message}`;
}

describe('LoginReady', () => {
  test('is True with a secret, and says where people log in', () => {
    expect(readyOf(translated(policy('a'), secret(good)))).toMatch(
      /^True LoginReady: Browsers log in at login\.example/,
    );
  });

  test.each([
    ['there is no Secret', [], 'SecretNotFound: Secret shop/meshwright-login does not exist'],
    ['it is in another namespace', [secret(good, 'other')], 'SecretNotFound'],
    ['it has another name', [secret(good, 'shop', 'other')], 'SecretNotFound'],
    ['it has no such key', [secret({ other: 'a-secret-of-a-client' })], 'has no key client-secret'],
    [
      'the secret is short',
      [secret({ 'client-secret': '123456789012345' })],
      'InvalidSecret: The key client-secret',
    ],
    [
      'what signs sessions is short',
      [secret({ ...good, sessions: 'short' })],
      'InvalidSecret: The key sessions',
    ],
  ])('is False if %s', (_, secrets, words) => {
    const translation = translated(policy('a'), ...secrets);

    expect(readyOf(translation)).toMatch(/^False /);
    expect(readyOf(translation)).toContain(words);
    expect(loginIn(translation)).toBeNull();
    // Closed.
    expect(translation.ir?.workloads[0]?.inbound[0]?.authentication?.required).toHaveLength(1);
  });

  test('is False if caBundle is none', () => {
    const caBundle = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----';
    expect(readyOf(translated(policy('a', { caBundle }), secret(good)))).toContain('caBundle of login.oidc');
  });

  test('is False for the less specific of two', () => {
    const translation = translated(
      policy('a', {}, { kind: 'Namespace', name: 'shop' }),
      policy('b'),
      secret(good),
    );

    expect(readyOf(translation)).toMatch(/^False Overridden: SecurityPolicy shop\/b decides/);
    expect(readyOf(translation, 'b')).toMatch(/^True /);
    expect(loginIn(translation)?.id).toBe('shop/b');
  });
});

describe('endpoints by discovery', () => {
  const found = { authorizationEndpoint: 'https://idp.example/a', tokenEndpoint: 'https://idp.example/t' };
  const byDiscovery = (name = 'a'): object => {
    const made = policy(name, { authorizationEndpoint: undefined, tokenEndpoint: undefined });
    const text = JSON.stringify(made).replace(JSON.stringify(jwks), '{}');
    return JSON.parse(text) as object;
  };
  const [source] = translated(byDiscovery()).keySources;
  const stored = (endpoints: typeof found | null, fetchedMs = 0): object => ({
    kind: 'ConfigMap',
    metadata: { name: storedName(source?.id ?? ''), namespace: 'meshwright-system' },
    data: storedData('x', { keys: readKeySet(jwks.inline).keys, sinceMs: 0, fetchedMs, endpoints }),
  });

  test('are those that the discovery document names', () => {
    const translation = translated(byDiscovery(), secret(good), stored(found));

    expect(readyOf(translation)).toMatch(/^True LoginReady: Browsers log in at idp\.example/);
    expect(loginIn(translation)).toMatchObject({
      authorizationEndpoint: found.authorizationEndpoint,
      tokenEndpoint: { uri: found.tokenEndpoint, caBundle: null },
    });
  });

  test('are unknown before it was fetched, and if it does not name them: nobody gets in', () => {
    const before = translated(byDiscovery(), secret(good));
    expect(readyOf(before)).toMatch(
      /^False EndpointsUnknown: .*has not fetched the discovery document https:\/\/login\.example\/\.well-known\/openid-configuration/,
    );
    const without = translated(byDiscovery(), secret(good), stored(null));
    expect(readyOf(without)).toMatch(/^False EndpointsUnknown: .*does not name both as https URIs/);
    for (const translation of [before, without]) {
      expect(loginIn(translation)).toBeNull();
      expect(translation.ir?.workloads[0]?.inbound[0]?.authentication?.required).toHaveLength(1);
    }
  });

  test('that are fetched again leave the login as it is', () => {
    const translator = createTranslator(translateOptions);
    const secrets = resourcesOfDocuments([...world, byDiscovery(), secret(good)]);
    const inboundOf = (fetchedMs: number, endpoints = found): unknown => {
      const { configMaps } = resourcesOfDocuments([stored(endpoints, fetchedMs)]);
      return translator({ ...secrets, configMaps }).ir?.workloads[0]?.inbound;
    };
    const before = inboundOf(0);

    expect(inboundOf(3_600_000)).toBe(before);
    expect(inboundOf(0, { ...found, tokenEndpoint: 'https://idp.example/other' })).not.toBe(before);
  });
});

describe('what signs sessions', () => {
  const keyOf = (translation: Translation): string => loginIn(translation)?.sessionKey.reveal() ?? '';

  test('is the same on each replica, and another for each policy and secret', () => {
    const keys = [
      translated(policy('a'), secret(good)),
      translated(policy('b'), secret(good)),
      translated(policy('a'), secret({ 'client-secret': 'another-secret-of-it' })),
      translated(policy('a'), secret({ ...good, sessions: 'what-signs-sessions' })),
    ].map(keyOf);

    expect(new Set(keys).size).toBe(4);
    expect(keys[0]).toBe(keyOf(translated(policy('a'), secret(good))));
    expect(keys.every((key) => key.length === 43)).toBe(true);
  });

  test('stays with another secret of the client if it has a text of its own', () => {
    const sessions = 'what-signs-sessions';
    const before = translated(policy('a'), secret({ ...good, sessions }));
    const after = translated(policy('a'), secret({ 'client-secret': 'another-secret-of-it', sessions }));

    expect(keyOf(after)).toBe(keyOf(before));
  });
});

test('a translator that remembers takes a new secret for a new one', () => {
  const translator = createTranslator(translateOptions);
  const secretOf = (text: string): string => {
    const resources = resourcesOfDocuments([...world, policy('a'), secret({ 'client-secret': text })]);
    return loginIn(translator(resources))?.clientSecret.reveal() ?? '';
  };

  expect(secretOf('a-secret-of-a-client')).toBe('a-secret-of-a-client');
  expect(secretOf('another-secret-of-it')).toBe('another-secret-of-it');
});

test('nothing prints a secret', () => {
  const { ir } = translated(policy('a'), secret(good));
  expect(JSON.stringify(ir)).not.toContain(good['client-secret']);
});

test('hidden values are compared by what they hide', () => {
  expect(isSameValue(new Redacted('a'), new Redacted('a'))).toBe(true);
  expect(isSameValue(new Redacted('a'), new Redacted('b'))).toBe(false);
  expect(isSameValue(new Redacted('a'), {})).toBe(false);
});
