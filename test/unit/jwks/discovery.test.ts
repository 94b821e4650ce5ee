// What is taken from a discovery document, and which fetches it leads to.
import { describe, expect, test } from '@jest/globals';
import { createDiscoveringFetch } from '../../../operator/jwks/discovering-fetch.ts';
import { discoveryUri, readDiscovery } from '../../../operator/jwks/discovery.ts';
import type { FetchOutcome } from '../../../operator/jwks/key-set-fetch.ts';

const issuer = 'https://login.example/realms/shop';
const document = {
  issuer,
  jwks_uri: 'https://keys.example/jwks',
  authorization_endpoint: 'https://login.example/authorize',
  token_endpoint: 'https://login.example/token?a=b',
};
const endpoints = {
  authorizationEndpoint: document.authorization_endpoint,
  tokenEndpoint: document.token_endpoint,
};
const read = (parts: object, of = issuer): ReturnType<typeof readDiscovery> =>
  readDiscovery(JSON.stringify({ ...document, ...parts }), of);

test('is found below the issuer, whether that ends with a slash or not', () => {
  expect(discoveryUri(issuer)).toBe(`${issuer}/.well-known/openid-configuration`);
  expect(discoveryUri('https://login.example/')).toBe(
    'https://login.example/.well-known/openid-configuration',
  );
});

test('names keys and endpoints, beside what is not read', () => {
  const more = { end_session_endpoint: 7, grant_types_supported: ['x'] };
  expect(read(more).discovery).toEqual({ jwksUri: document.jwks_uri, endpoints });
});

test.each([
  ['there is no authorization endpoint', { authorization_endpoint: undefined }],
  ['the authorization endpoint is plaintext', { authorization_endpoint: 'http://login.example/authorize' }],
  ['the token endpoint is no URI', { token_endpoint: ['https://login.example'] }],
  ['the token endpoint has a user', { token_endpoint: 'https://a:b@login.example/token' }],
  ['the token endpoint is a format', { token_endpoint: 'https://login.example/%\u0000' }],
])('names keys only if %s', (_, parts) => {
  expect(read(parts).discovery).toEqual({ jwksUri: document.jwks_uri, endpoints: null });
});

test.each([
  ['no JSON', '<html>secret', 'It is not a JSON object'],
  ['null', 'null', 'It is not a JSON object'],
  ['without an issuer', '{}', 'It is not a JSON object with an issuer'],
  ['of another issuer', JSON.stringify({ ...document, issuer: `${issuer}/` }), 'It names another issuer.'],
  ['without keys', JSON.stringify({ ...document, jwks_uri: '' }), 'It has no jwks_uri'],
  [
    'with keys in plaintext',
    JSON.stringify({ ...document, jwks_uri: 'http://secret' }),
    'It has no jwks_uri',
  ],
  [
    'with keys in a file',
    JSON.stringify({ ...document, jwks_uri: 'file:///etc/secret' }),
    'It has no jwks_uri',
  ],
  [
    'with a URI that is too long',
    JSON.stringify({ ...document, jwks_uri: `https://${'secret/'.repeat(100)}` }),
    'It has no jwks_uri',
  ],
])('is of no use %s, in words that quote nothing of it', (_, text, words) => {
  const { problem } = readDiscovery(text, issuer);
  expect(problem).toContain(words);
  expect(problem).not.toContain('secret');
});

describe('fetches', () => {
  const caBundle = 'PEM';
  const source = { uri: discoveryUri(issuer), issuer, caBundle };
  const signal = new AbortController().signal;
  const failed: FetchOutcome = { type: 'failed', problem: 'It does not answer.', detail: 'x' };
  const text = (of: string): FetchOutcome => ({ type: 'fetched', text: of });

  async function made(
    answers: Readonly<Record<string, FetchOutcome>>,
    from: { readonly uri: string; readonly issuer: string | null } = source,
  ): Promise<{ readonly outcome: FetchOutcome; readonly asked: readonly string[] }> {
    const asked: string[] = [];
    const fetch = createDiscoveringFetch(async ({ uri, caBundle: trusted }) => {
      asked.push(uri);
      expect(trusted).toBe(caBundle);
      return answers[uri] ?? failed;
    });
    return { outcome: await fetch({ ...from, caBundle }, signal), asked };
  }

  test('the document, then the keys, with the same CA', async () => {
    const answers = { [source.uri]: text(JSON.stringify(document)), [document.jwks_uri]: text('keys') };
    expect(await made(answers)).toEqual({
      outcome: { type: 'fetched', from: 'documentUri', text: 'keys', endpoints },
      asked: [source.uri, document.jwks_uri],
    });
  });

  test('nothing else where the URI of the keys is known', async () => {
    const { outcome, asked } = await made(
      { 'https://keys': text('keys') },
      { uri: 'https://keys', issuer: null },
    );
    expect(outcome).toEqual(text('keys'));
    expect(asked).toEqual(['https://keys']);
  });

  test('no keys without a document that can be used, and tells which of the two fails', async () => {
    const bad = await made({ [source.uri]: text('{}') });
    expect(bad.asked).toEqual([source.uri]);
    expect(bad.outcome).toMatchObject({ type: 'failed', from: 'document' });
    expect((await made({})).outcome).toEqual({ ...failed, from: 'document' });
    expect((await made({ [source.uri]: text(JSON.stringify(document)) })).outcome).toEqual({
      ...failed,
      from: 'documentUri',
    });
  });
});
