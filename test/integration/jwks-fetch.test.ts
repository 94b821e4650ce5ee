// One fetch of a key set from a real https server: what the operator takes, and what it refuses, hides and never does.
import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createDiscoveringFetch } from '../../operator/jwks/discovering-fetch.ts';
import { discoveryUri } from '../../operator/jwks/discovery.ts';
import { createKeySetFetch } from '../../operator/jwks/fetch-key-set.ts';
import { rangeOf } from '../../operator/jwks/fetch-address.ts';
import type { FetchOutcome } from '../../operator/jwks/key-set-fetch.ts';
import { systemClock } from '../../operator/process/clock.ts';
import { Closing } from '../support/data-plane/closing.ts';
import { HttpsIssuer, type KeySetAnswer } from '../support/data-plane/https-issuer.ts';
import { until } from '../support/until.ts';

const closing = new Closing();
afterAll(() => closing.close());

let issuer: HttpsIssuer;
beforeAll(async () => {
  issuer = await HttpsIssuer.start(closing);
});

const loopback = [rangeOf('127.0.0.1/32')];
const never = new AbortController().signal;
/** Timeouts come 20 times as soon. */
const hasty = { after: (ms: number, run: () => void) => systemClock.after(ms / 20, run) };
const fetchKeys = createKeySetFetch({ allowed: loopback, clock: systemClock });

async function fetched(parts: { uri?: string; caBundle?: string | null } = {}): Promise<FetchOutcome> {
  const { uri, caBundle } = issuer;
  return fetchKeys({ uri, caBundle, ...parts }, never);
}

function problemOf(outcome: FetchOutcome): string {
  return outcome.type === 'failed' ? outcome.problem : `fetched ${outcome.text.slice(0, 20)}`;
}

test('asks with GET, and takes what comes with status 200', async () => {
  issuer.answers('{"keys":[]}');

  expect(await fetched()).toEqual({ type: 'fetched', text: '{"keys":[]}' });
  expect(issuer.requests).toEqual(['GET /jwks.json']);
});

describe('refuses, in words that say nothing of the answer,', () => {
  const redirect: KeySetAnswer = (response) =>
    response.writeHead(302, { location: `${issuer.uri}?secret` }).end('secret');
  const metadata: KeySetAnswer = (response) =>
    response.writeHead(307, { location: 'https://169.254.169.254/secret' }).end('secret');
  test.each<readonly [string, KeySetAnswer, string]>([
    ['a redirect to itself', redirect, 'It redirects'],
    ['a redirect to a metadata service', metadata, 'It redirects'],
    ['an error', (response) => response.writeHead(500).end('secret'), 'It does not answer with status 200.'],
    ['no content', (response) => response.writeHead(204).end(), 'It does not answer with status 200.'],
    ['more than 256 KiB', (response) => response.end('secret'.repeat(50_000)), 'larger than 256 KiB'],
    ['a body that breaks off', breaksOff, 'It does not answer.'],
    [
      'headers without end',
      (response) => response.writeHead(200, { a: 's'.repeat(20_000) }).end(),
      'It does not answer.',
    ],
  ])('%s', async (_, answer, problem) => {
    issuer.answers(answer);
    const before = issuer.requests.length;
    const said = problemOf(await fetched());

    expect(said).toContain(problem);
    expect(said).not.toContain('secret');
    expect(issuer.requests.length).toBe(before + 1);
  });
});

function breaksOff(response: Parameters<KeySetAnswer>[0]): void {
  response.writeHead(200, { 'content-length': '100' }).write('secret', () => response.destroy());
}

describe('ends within its time', () => {
  const fetchInHaste = createKeySetFetch({ allowed: loopback, clock: hasty });
  test.each<readonly [string, KeySetAnswer]>([
    ['without an answer', () => undefined],
    ['with a body that trickles', trickle],
  ])('%s', async (_, answer) => {
    issuer.answers(answer);
    const { uri, caBundle } = issuer;

    expect(problemOf(await fetchInHaste({ uri, caBundle }, never))).toContain('It does not answer.');
  });

  test('without a handshake', async () => {
    const silent = createServer((socket) => socket.resume()).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    closing.add(async () => {
      silent.close();
      await once(silent, 'close');
    });
    const address = silent.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    const uri = `https://127.0.0.1:${port}/`;

    expect(problemOf(await fetchInHaste({ uri, caBundle: null }, never))).toContain('It does not answer.');
  });

  test('of a name that DNS does not tell', async () => {
    const resolve = (): Promise<never> => new Promise(() => undefined);
    const deaf = createKeySetFetch({ allowed: loopback, clock: hasty, resolve });

    expect(problemOf(await deaf({ uri: 'https://issuer.test/', caBundle: null }, never))).toContain(
      'cannot be resolved',
    );
  });

  test('when the operator ends', async () => {
    issuer.answers(() => undefined);
    const end = new AbortController();
    const before = issuer.requests.length;
    const { uri, caBundle } = issuer;
    const outcome = fetchKeys({ uri, caBundle }, end.signal);
    await until('a request', () => issuer.requests.length > before);
    end.abort();

    expect((await outcome).type).toBe('failed');
  });
});

function trickle(response: Parameters<KeySetAnswer>[0]): void {
  response.writeHead(200);
  const timer = setInterval(() => response.write(' '), 10);
  response.on('close', () => clearInterval(timer));
}

describe('trusts', () => {
  beforeAll(() => issuer.answers('{"keys":[]}'));

  test('no server with a certificate of another CA', async () => {
    const other = await HttpsIssuer.start(closing);

    expect(problemOf(await fetched({ caBundle: null }))).toContain('Its certificate is not trusted.');
    expect(problemOf(await fetched({ caBundle: other.caBundle }))).toContain(
      'Its certificate is not trusted.',
    );
    expect(problemOf(await fetched({ caBundle: '-----BEGIN CERTIFICATE-----' }))).not.toContain('fetched');
  });

  test('no certificate for another name', async () => {
    const named = createKeySetFetch({
      allowed: loopback,
      clock: systemClock,
      resolve: () => Promise.resolve(['127.0.0.1']),
    });
    const { port, caBundle } = issuer;

    expect((await named({ uri: `https://issuer.test:${port}/`, caBundle }, never)).type).toBe('fetched');
    expect(problemOf(await named({ uri: `https://other.test:${port}/`, caBundle }, never))).toContain(
      'Its certificate is not trusted.',
    );
  });
});

describe('does not connect to an address that is not allowed', () => {
  test.each([
    'https://127.0.0.1:PORT/',
    'https://127.1:PORT/',
    'https://0x7f000001:PORT/',
    'https://[::1]:PORT/',
    'https://[::ffff:127.0.0.1]:PORT/',
    'https://localhost:PORT/',
    'https://169.254.169.254/',
    'https://[fe80::1]/',
  ])('%s', async (uri) => {
    const fetchStrictly = createKeySetFetch({ allowed: [], clock: systemClock });
    const { port, caBundle } = issuer;
    const before = issuer.requests.length;

    expect(
      problemOf(await fetchStrictly({ uri: uri.replace('PORT', String(port)), caBundle }, never)),
    ).toContain('is not allowed');
    expect(issuer.requests.length).toBe(before);
  });

  test('a discovery document that leads to an address which is not allowed', async () => {
    const { port, caBundle } = issuer;
    const name = `https://127.0.0.1:${port}`;
    const discover = createDiscoveringFetch(fetchKeys);
    const source = { uri: discoveryUri(name), issuer: name, caBundle };
    const names = (jwks_uri: string): void => issuer.answers(JSON.stringify({ issuer: name, jwks_uri }));
    names('https://169.254.169.254/latest/secret');

    const outcome = await discover(source, never);
    expect(outcome).toMatchObject({ type: 'failed', from: 'documentUri' });
    expect(problemOf(outcome)).toContain('is not allowed');

    // The server answers all paths alike.
    names(`${name}/jwks`);
    const before = issuer.requests.length;
    expect(await discover(source, never)).toMatchObject({ type: 'fetched', from: 'documentUri' });
    expect(issuer.requests.slice(before)).toEqual(['GET /.well-known/openid-configuration', 'GET /jwks']);
  });

  test('one of several of a name', async () => {
    const resolve = (): Promise<string[]> => Promise.resolve(['192.0.2.7', '169.254.169.254']);
    const rebound = createKeySetFetch({ allowed: loopback, clock: hasty, resolve });

    expect(problemOf(await rebound({ uri: 'https://issuer.test/', caBundle: null }, never))).toContain(
      'is not allowed',
    );
  });

  test('a name is resolved once, and the address that was checked is the one that is asked', async () => {
    let asked = 0;
    const resolve = (): Promise<string[]> => {
      asked += 1;
      return Promise.resolve([asked === 1 ? '127.0.0.1' : '169.254.169.254']);
    };
    const rebinding = createKeySetFetch({ allowed: loopback, clock: systemClock, resolve });
    const { port, caBundle } = issuer;

    expect((await rebinding({ uri: `https://issuer.test:${port}/`, caBundle }, never)).type).toBe('fetched');
    expect(asked).toBe(1);
  });
});
