// Keys of an issuer that the operator fetches over https, as users run it: which tokens open an application behind a real Envoy while
// keys are replaced, the issuer fails and the operator is killed.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Condition } from '../../api/v1alpha1/common.ts';
import { startApplication } from '../support/data-plane/applications.ts';
import { call } from '../support/data-plane/callers.ts';
import { Closing } from '../support/data-plane/closing.ts';
import { HttpsIssuer } from '../support/data-plane/https-issuer.ts';
import { type IssuedKey, issueKey, issuerName, keySet } from '../support/data-plane/issuer.ts';
import { SteadyLoad } from '../support/data-plane/steady-load.ts';
import { freePort } from '../support/kubernetes/free-port.ts';
import { poll } from '../support/kubernetes/poll.ts';
import { FilesOperator } from '../support/operator/files-operator.ts';
import { startFilesSidecar } from '../support/operator/files-sidecar.ts';

const closing = new Closing();
afterAll(() => closing.close());

let operator: FilesOperator;
let issuer: HttpsIssuer;
let port: number;
let first: IssuedKey;
let second: IssuedKey;

const policy = { kind: 'SecurityPolicy', namespace: 'shop', name: 'users' } as const;
const securityPolicy = (jwt: object, more: object = {}): object => ({
  apiVersion: 'meshwright.dev/v1alpha1',
  kind: 'SecurityPolicy',
  metadata: { name: policy.name, namespace: policy.namespace },
  spec: {
    targetRefs: [{ kind: 'Service', name: 'reviews' }],
    authentication: { jwt: [{ name: 'corp', ...jwt }], ...more },
  },
});
const manifests = (application: number): object[] => [
  {
    apiVersion: 'meshwright.dev/v1alpha1',
    kind: 'Mesh',
    metadata: { name: 'default' },
    spec: { trustDomain: 'issuer.test', mtls: { mode: 'Permissive' } },
  },
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'reviews', namespace: 'shop' },
    spec: {
      clusterIP: '10.96.0.1',
      selector: { app: 'reviews' },
      ports: [{ name: 'http', port: 9080, targetPort: 'http' }],
    },
  },
  {
    apiVersion: 'meshwright.dev/v1alpha1',
    kind: 'ExternalWorkload',
    metadata: { name: 'reviews', namespace: 'shop', labels: { app: 'reviews' } },
    spec: {
      address: '127.0.0.1',
      serviceAccount: 'reviews',
      ports: [{ name: 'http', port, applicationPort: application }],
    },
  },
];

beforeAll(async () => {
  const root = await mkdtemp(join(tmpdir(), 'meshwright-issuer-'));
  closing.add(() => rm(root, { recursive: true, force: true }));
  [first, second] = [await issueKey('first', 'RS256'), await issueKey('second', 'ES256')];
  issuer = await HttpsIssuer.start(closing);
  port = await freePort();
  operator = await FilesOperator.in(root, [
    '--jwks-allow-addresses=127.0.0.1/32',
    `--xds-address=127.0.0.1:${await freePort()}`,
  ]);
  const application = await startApplication('app', closing);
  const documents = manifests(application).map((it) => JSON.stringify(it));
  await operator.put('mesh.yaml', documents.join('\n---\n'));
  const jwks = { uri: issuer.uri, caBundle: issuer.caBundle };
  await operator.put('policy.yaml', JSON.stringify(securityPolicy({ issuer: issuerName, jwks })));
  await operator.start();
  closing.add(() => operator.kill());
  const { state, xdsPort } = operator;
  const envoy = await startFilesSidecar({
    state,
    xdsPort,
    namespace: 'shop',
    name: 'reviews',
    trustDomain: 'issuer.test',
    dir: join(root, 'reviews'),
  });
  closing.add(() => envoy.stop());
});

/** Waits until the condition KeysFetched is that, and returns its message. */
async function keysFetched(status: Condition['status'], words = ''): Promise<string> {
  let last = '';
  const look = async (): Promise<string | undefined> => {
    const condition = (await operator.conditions(policy))?.['KeysFetched'];
    last = JSON.stringify(condition);
    return condition?.status === status && condition.message.includes(words) ? condition.message : undefined;
  };
  return poll(look, { intervalMs: 20, deadlineMs: 60_000 }).catch((error: unknown) => {
    throw new Error(`KeysFetched is ${last}`, { cause: error });
  });
}

async function statusWith(key: IssuedKey | null): Promise<number> {
  const headers = key === null ? {} : { authorization: `Bearer ${await key.sign()}` };
  return call(port, { headers }).then(
    ({ status }) => status,
    () => 0,
  );
}

async function opens(key: IssuedKey): Promise<void> {
  const look = async (): Promise<true | undefined> => ((await statusWith(key)) === 200 ? true : undefined);
  await poll(look, { intervalMs: 20, deadlineMs: 60_000 });
}

async function restart(): Promise<void> {
  await operator.kill();
  await operator.start();
}

test('no token is valid before the first fetch succeeds, and then those of its keys are', async () => {
  expect(await keysFetched('False')).toContain('No token of this issuer is valid until a fetch succeeds.');
  await poll(async () => ((await statusWith(null)) === 401 ? true : undefined), {
    intervalMs: 20,
    deadlineMs: 60_000,
  });
  expect(await statusWith(first)).toBe(401);

  issuer.answers(keySet(first));

  await opens(first);
  expect(await statusWith(second)).toBe(401);
  expect(await keysFetched('True')).toMatch(/^Keys of corp: 1, unchanged since \S+Z\.$/);
});

test('a key roll-over loses no request, also over a restart of the operator', async () => {
  const load = SteadyLoad.start(port, closing, {
    headers: { authorization: `Bearer ${await first.sign()}` },
  });
  issuer.answers(keySet(first, second));
  await restart();
  await opens(second);
  const { sent, failures } = await load.stop();

  expect(failures).toEqual([]);
  expect(sent).toBeGreaterThan(10);
  // Not what was said of the one key before.
  expect(await keysFetched('True', 'Keys of corp: 2,')).toContain('unchanged since');

  issuer.answers(keySet(second));
  await restart();
  await poll(async () => ((await statusWith(first)) === 401 ? true : undefined), {
    intervalMs: 20,
    deadlineMs: 60_000,
  });
  expect(await statusWith(second)).toBe(200);
});

test('the last keys stay while the issuer answers garbage, and over a restart of the operator', async () => {
  issuer.answers('<html>secret words</html>');
  await restart();

  const message = await keysFetched('False', 'The key of the last successful fetch');
  expect(message).toContain('It is not a JSON object with a list of keys.');
  expect(message).not.toContain('secret');
  expect(await statusWith(second)).toBe(200);
  expect(await statusWith(first)).toBe(401);
  expect(await operator.ask('/metrics')).toMatch(
    /meshwright_jwks_fetched_timestamp_seconds\{namespace="shop",policy="users",provider="corp"\} \d+/,
  );
});

describe('by discovery, an issuer', () => {
  const name = (): string => `https://127.0.0.1:${issuer.port}`;
  const publishes = (document: object, keys: string): void =>
    issuer.answers((response) => {
      const isDocument = response.req.url === '/.well-known/openid-configuration';
      response.end(isDocument ? JSON.stringify(document) : keys);
    });
  const pageLoad = async (): Promise<string> => {
    const { status, headers } = await call(port, { headers: { accept: 'text/html' } });
    return `${status} ${headers['location']?.split('?')[0] ?? ''}`;
  };
  const loadsPage = (expected: string): Promise<true> =>
    poll(async () => ((await pageLoad().catch(() => '')) === expected ? true : undefined), {
      intervalMs: 20,
      deadlineMs: 60_000,
    });
  /** Waits until the condition LoginReady begins with that. */
  const loginReady = async (status: Condition['status'], words: string): Promise<void> => {
    const read = async (): Promise<string> => {
      const condition = (await operator.conditions(policy))?.['LoginReady'];
      return `${condition?.status ?? ''} ${condition?.message ?? ''}`;
    };
    const expected = `${status} ${words}`;
    await poll(async () => (await read()).startsWith(expected) || undefined, {
      intervalMs: 20,
      deadlineMs: 60_000,
    }).catch(async () => expect(await read()).toContain(expected));
  };

  test('that names another issuer gives neither keys nor a login', async () => {
    await operator.putLoginSecret('shop', 'client-secret', 'a-secret-of-the-client');
    publishes({ issuer: 'https://other.example', jwks_uri: `${name()}/keys` }, keySet(first));
    const oidc = { provider: 'corp', clientId: 'shop', redirectURI: 'https://shop.example/callback' };
    const jwt = { issuer: name(), audiences: ['shop'], jwks: { caBundle: issuer.caBundle } };
    await operator.put('policy.yaml', JSON.stringify(securityPolicy(jwt, { login: { oidc } })));

    expect(await keysFetched('False', 'names another issuer')).toContain('No token of this issuer is valid');
    await loginReady('False', 'The endpoints are not known');
    await loadsPage('401 ');
  });

  test('sends people to the endpoint that it names, and its keys open', async () => {
    publishes(
      {
        issuer: name(),
        jwks_uri: `${name()}/keys`,
        authorization_endpoint: 'https://login.example/authorize',
        token_endpoint: `${name()}/token`,
      },
      keySet(first),
    );

    await loadsPage('302 https://login.example/authorize');
    expect(await keysFetched('True')).toContain('Keys of corp: 1');
    // The status follows in its own time.
    await loginReady('True', 'Browsers log in at login.example');
    const token = await first.sign({ iss: name(), aud: 'shop' });
    const { status } = await call(port, { headers: { authorization: `Bearer ${token}` } });
    expect(status).toBe(200);
  });

  test('keeps what it last said while it fails, also over a restart of the operator', async () => {
    issuer.answers((response) => response.writeHead(503).end());
    await restart();

    expect(await keysFetched('False', 'discovery document')).toContain('stays in use');
    expect(await pageLoad()).toBe('302 https://login.example/authorize');
  });
});
