// Which key sets are fetched for whom, and what is in force while they are not there.
import { describe, expect, test } from '@jest/globals';
import type { LoginEndpointsIr } from '../../../../../operator/ir/login-endpoints.ts';
import type { JwtProviderIr } from '../../../../../operator/ir/tokens.ts';
import { createTranslator } from '../../../../../operator/translate/translator.ts';
import { maxRuleCharacters } from '../../../../../operator/translate/policies/security/port-bounds.ts';
import { maxSourcesPerNamespace } from '../../../../../operator/translate/policies/security/key-sources.ts';
import { translate, type Translation } from '../../../../../operator/translate/translate.ts';
import { storedData, storedName } from '../../../../../operator/jwks/stored-keys.ts';
import { readKeySet } from '../../../../../operator/jwks/key-set.ts';
import { issueKey, keySet } from '../../../../support/data-plane/issuer.ts';
import { meshedPod, resourcesOfDocuments, service, translateOptions } from '../../../../support/builders.ts';

const world = [
  { kind: 'Mesh', metadata: { name: 'default' }, spec: {} },
  { kind: 'Namespace', metadata: { name: 'shop', labels: { 'meshwright.dev/mesh': 'enabled' } } },
  meshedPod('reviews-1', 'reviews', '10.0.0.1'),
  service('reviews', { ports: [{ port: 9080, name: 'http' }] }),
];
const provider = (name: string, jwks: object): object => ({ name, issuer: `https://${name}.example`, jwks });
const uri = (name: string): string => `https://${name}.example/jwks.json`;

function policy(name: string, jwt: readonly object[], more: object = {}, metadata: object = {}): object {
  return {
    kind: 'SecurityPolicy',
    metadata: { name, namespace: 'shop', ...metadata },
    spec: { targetRefs: [{ kind: 'Service', name: 'reviews' }], authentication: { jwt }, ...more },
  };
}

const translated = (...documents: readonly object[]): Translation =>
  translate(resourcesOfDocuments([...world, ...documents]), translateOptions);

function providersIn({ ir }: Translation): readonly JwtProviderIr[] {
  return ir?.workloads[0]?.inbound[0]?.authentication?.providers ?? [];
}

function acceptedOf({ verdicts }: Translation, name: string): string {
  const verdict = verdicts.find(({ origin }) => origin.name === name);
  const [accepted] = verdict?.conditions ?? [];
  return `${accepted?.status ?? ''} ${accepted?.message ?? ''}`;
}

async function stored(
  id: string,
  kid: string,
  at = 0,
  endpoints: LoginEndpointsIr | null = null,
): Promise<object> {
  const { keys } = readKeySet(keySet(await issueKey(kid, 'ES256')));
  const data = storedData('https://x', { keys, sinceMs: 0, fetchedMs: at, endpoints });
  return { kind: 'ConfigMap', metadata: { name: storedName(id), namespace: 'meshwright-system' }, data };
}

describe('sources', () => {
  test('are one for each uri and CA, with the shortest interval', () => {
    const caBundle = '-----BEGIN CERTIFICATE-----';
    const { keySources } = translated(
      policy('one', [
        provider('a', { uri: uri('x') }),
        provider('b', { uri: uri('x'), caBundle }),
        provider('c', { inline: '{"keys":[]}' }),
      ]),
      policy('two', [provider('a', { uri: uri('x'), refreshInterval: '1m' })]),
    );

    expect(keySources.map(({ providers, refreshMs }) => [...providers, refreshMs])).toEqual(
      expect.arrayContaining([
        ['shop/one/a', 'shop/two/a', 60_000],
        ['shop/one/b', 300_000],
      ]),
    );
    expect(keySources).toHaveLength(2);
  });

  test('are one for each issuer with discovery and CA, whatever else is written of it', () => {
    const { keySources } = translated(
      policy('one', [{ ...provider('a', {}), audiences: ['x'] }, provider('b', { uri: uri('b') })]),
      policy('two', [{ name: 'c', issuer: 'https://a.example' }]),
    );

    expect(keySources.map(({ uri: at, issuer, providers }) => [at, issuer, providers])).toEqual(
      expect.arrayContaining([
        [
          'https://a.example/.well-known/openid-configuration',
          'https://a.example',
          ['shop/one/a', 'shop/two/c'],
        ],
        [uri('b'), null, ['shop/one/b']],
      ]),
    );
    expect(keySources).toHaveLength(2);
  });

  test('are wanted without a Mesh, too: what is stored of them is kept', () => {
    const resources = resourcesOfDocuments([policy('one', [provider('a', { uri: uri('x') })])]);

    expect(translate(resources, translateOptions).keySources).toHaveLength(1);
  });

  test('are bounded for a namespace: older policies have theirs, and a newer one is told', async () => {
    const eight = (from: number): readonly object[] =>
      Array.from({ length: 8 }, (_, index) => provider(`p${index}`, { uri: uri(`x${from + index}`) }));
    const at = (creationTimestamp: string): object => ({ creationTimestamp });
    const documents = [
      policy('newest', eight(14), {}, at('2026-03-01T00:00:00Z')),
      policy('old', eight(0), {}, at('2026-01-01T00:00:00Z')),
      policy('newer', eight(8), {}, at('2026-02-01T00:00:00Z')),
      policy('other', [provider('p', { uri: uri('x20') })], {}, { namespace: 'bank' }),
    ];
    const translation = translated(...documents);

    expect(translation.keySources).toHaveLength(maxSourcesPerNamespace + 1);
    expect(acceptedOf(translation, 'old')).toMatch(/^True/);
    expect(acceptedOf(translation, 'newer')).toMatch(/^True/);
    expect(acceptedOf(translation, 'newest')).toMatch(
      /^False .*those of p2, p3, p4, p5, p6 and 1 more are not fetched: no token of these issuers is valid\./,
    );

    // Of another namespace: not for those who are beyond the bound.
    const shared = translation.keySources.find((it) => it.uri === uri('x20'));
    const withKeys = translated(...documents, await stored(shared?.id ?? '', 'k'));
    expect(providersIn(withKeys).find(({ id }) => id === 'shop/newest/p6')?.keys).toEqual([]);
  });
});

describe('keys', () => {
  const one = policy('one', [provider('a', { uri: uri('x') })]);
  const [source] = translated(one).keySources;
  const id = source?.id ?? '';

  test('are those that are stored; an issuer without them stays and has none', async () => {
    expect(providersIn(translated(one))).toMatchObject([{ id: 'shop/one/a', keys: [] }]);
    expect(providersIn(translated(one, await stored(id, 'k')))).toMatchObject([{ keys: [{ kid: 'k' }] }]);
  });

  test.each([
    ['damaged', { 'jwks.json': '{' }],
    ['empty', {}],
    ['private', { 'jwks.json': '{"keys":[{"kty":"EC","crv":"P-256","x":"a","y":"b","d":"c"}]}' }],
  ])('that are %s are none', async (_, data) => {
    const map = { ...(await stored(id, 'k')), data };

    expect(providersIn(translated(one, map))).toMatchObject([{ keys: [] }]);
  });

  test('that are the same as before leave the mesh as it is, and others change it', async () => {
    const translator = createTranslator(translateOptions);
    const map = await stored(id, 'k');
    const irOf = (...maps: readonly object[]): Translation['ir'] =>
      translator(resourcesOfDocuments([...world, one, ...maps])).ir;
    const before = irOf(map);
    const data = { ...('data' in map ? (map.data as object) : {}), fetched: '2026-11-29T12:00:00.000Z' };

    expect(irOf({ ...map, data })?.workloads[0]?.inbound).toBe(before?.workloads[0]?.inbound);
    expect(irOf(await stored(id, 'other'))?.workloads[0]?.inbound).not.toBe(before?.workloads[0]?.inbound);
  });
});

test('issuers and exceptions of policies on trial count in the bound of a port', () => {
  const jwks = { inline: `{"keys":[]}${' '.repeat(16_000)}` };
  const jwt = Array.from({ length: 8 }, (_, index) => provider(`p${index}`, jwks));
  const enforcement = { authorization: { enforcement: 'Audit', rules: [{ name: 'a', action: 'Allow' }] } };
  const count = Math.ceil(maxRuleCharacters / (8 * 16_000));
  const policies = Array.from({ length: count }, (_, index) => policy(`p${index}`, jwt, enforcement));
  const beyond = translated(...policies);

  expect(beyond.ir?.workloads[0]?.inbound[0]).toMatchObject({
    authentication: null,
    authorization: { deny: [{ id: 'too-many-rules' }] },
  });
  expect(acceptedOf(beyond, 'p0')).toContain('so they deny everyone');
  expect(providersIn(translated(...policies.slice(0, 2)))).toHaveLength(16);
});
