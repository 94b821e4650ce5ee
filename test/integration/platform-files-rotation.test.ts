// The rotation of the root in an operator as users run it, with real Envoys under load, each call over a TLS connection of its own: the
// operator is killed in each phase, one sidecar comes late, and the rotation is aborted once; then a user brings an authority.
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Condition } from '../../api/v1alpha1/common.ts';
import { reservePorts } from '../../demo/process/ports.ts';
import type { KeyPair } from '../../operator/certificates/authority.ts';
import { parseIntermediate } from '../../operator/certificates/intermediate.ts';
import { signLeaf } from '../../operator/certificates/leaf.ts';
import { pemsOf } from '../../operator/certificates/pems.ts';
import { createSecretFolders } from '../../operator/platform/files/state/secret-folders.ts';
import type { SecretData } from '../../operator/ports/platform.ts';
import { makeCa, secretOf } from '../support/brought-authority.ts';
import { startApplication } from '../support/data-plane/applications.ts';
import { Closing } from '../support/data-plane/closing.ts';
import { SteadyLoad } from '../support/data-plane/steady-load.ts';
import type { EnvoyProcess } from '../support/envoy.ts';
import { poll } from '../support/kubernetes/poll.ts';
import { FilesOperator } from '../support/operator/files-operator.ts';
import { startFilesSidecar } from '../support/operator/files-sidecar.ts';

const trustDomain = 'rotation.test';
const namespace = 'shop';
const defaultMesh = { kind: 'Mesh', namespace: '', name: 'default' } as const;

const mesh = (rotation: string, authority = 'type: BuiltIn'): string => `
apiVersion: meshwright.dev/v1alpha1
kind: Mesh
metadata: { name: default }
spec:
  trustDomain: ${trustDomain}
  mtls: { mode: Strict }
  certificates: { authority: { ${authority} }, rootRotation: { ${rotation} } }
  defaults: { retry: { attempts: 0 }, connection: { maxRequests: 1 } }
`;

const workload = (name: string, rest = ''): string => `---
apiVersion: meshwright.dev/v1alpha1
kind: ExternalWorkload
metadata: { namespace: ${namespace}, name: ${name}, labels: { app: ${name.replace(/-\d$/, '')} } }
spec: { address: 127.0.0.1, serviceAccount: ${name}${rest} }
`;

const service = `---
apiVersion: v1
kind: Service
metadata: { namespace: ${namespace}, name: reviews }
spec: { selector: { app: reviews }, ports: [{ name: http, port: 80, targetPort: http, appProtocol: http }] }
`;

const closing = new Closing();
let root: string;
let operator: FilesOperator;
let outbound: number;
let inbound: number;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'meshwright-rotation-'));
  closing.add(() => rm(root, { recursive: true, force: true }));
  const block = await reservePorts(4);
  closing.add(() => block.release());
  const xds = block.take();
  outbound = block.take();
  const ports = [block.take(), block.take()] as const;
  [inbound] = ports;
  const application = await startApplication('reviews', closing);
  operator = await FilesOperator.in(root, ['--xds-address', `127.0.0.1:${xds}`]);
  const calls = `, outbound: [{ service: reviews, port: 80, bindPort: ${outbound} }]`;
  const servers = ports.map((port, index) =>
    workload(
      `reviews-${index + 1}`,
      `, ports: [{ name: http, port: ${port}, applicationPort: ${application} }]`,
    ),
  );
  await operator.put('mesh.yaml', mesh(''));
  await operator.put('shop.yaml', [service, workload('caller', calls), ...servers].join(''));
  await operator.start();
  closing.add(() => operator.kill());
  for (const name of ['caller', 'reviews-1', 'reviews-2']) await startSidecar(name);
  await until('the mesh is programmed', async () => {
    return (await operator.conditions(defaultMesh))?.['Programmed']?.status === 'True';
  });
});
afterAll(() => closing.close());

async function startSidecar(name: string, state = operator.state): Promise<EnvoyProcess> {
  const { xdsPort } = operator;
  const dir = join(root, name);
  const envoy = await startFilesSidecar({ state, xdsPort, namespace, name, trustDomain, dir });
  closing.add(() => envoy.stop());
  return envoy;
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const look = async (): Promise<true | undefined> => ((await holds()) ? true : undefined);
  await poll(look, { intervalMs: 20, deadlineMs: 60_000 }).catch((error: unknown) => {
    throw new Error(`gave up waiting until ${what}`, { cause: error });
  });
}

/** Resolves to its message. */
async function rotated(reason: string, message = ''): Promise<string> {
  let last: Condition | undefined;
  await until(`RootRotated is ${reason}: ${message}`, async () => {
    last = (await operator.conditions(defaultMesh))?.['RootRotated'];
    return last?.reason === reason && last.message.includes(message);
  }).catch((error: unknown) => {
    throw new Error(`last: ${JSON.stringify(last)}`, { cause: error });
  });
  return last?.message ?? '';
}

async function restart(): Promise<void> {
  await operator.kill();
  await operator.start();
}

const file = (name: string): Promise<string> =>
  readFile(join(operator.state, 'secrets', namespace, 'meshwright-caller', name), 'utf8');

/** PEM of the intermediate with which the server's sidecar presents its certificate; undefined if they do not lead to this root. */
async function presentedWith(ca: string): Promise<string | undefined> {
  const options = { host: '127.0.0.1', port: inbound, ca, checkServerIdentity: () => undefined };
  const socket = connect({ ...options, ALPNProtocols: ['meshwright'] });
  try {
    await once(socket, 'secureConnect');
    return new X509Certificate(socket.getPeerCertificate(true).issuerCertificate.raw).toString().trim();
  } catch {
    return undefined;
  } finally {
    socket.destroy();
  }
}

/** For the caller, from an authority that is none of the operator's. */
function leafOf(authority: SecretData): Promise<KeyPair> {
  const now = Date.now();
  const signer = parseIntermediate(authority, { where: 'the Secret of a test', now });
  return signLeaf(
    signer,
    { spiffeId: `spiffe://${trustDomain}/ns/${namespace}/sa/caller`, ttlMs: 60_000 },
    now,
  );
}

/** Whether the server's sidecar accepts a connection with it. */
async function isAccepted(cert: string, key: string): Promise<boolean> {
  const socket = connect({
    host: '127.0.0.1',
    port: inbound,
    cert,
    key,
    rejectUnauthorized: false,
    ALPNProtocols: ['meshwright'],
  });
  return new Promise<boolean>((resolve) => {
    socket.on('error', () => resolve(false));
    socket.on('close', () => resolve(false));
    socket.on('secureConnect', () => socket.write('GET / HTTP/1.1\r\nhost: reviews\r\n\r\n'));
    socket.on('data', () => resolve(true));
  }).finally(() => socket.destroy());
}

const laggard = 'ExternalWorkload/shop/laggard';

test('no call fails while the root is replaced, aborted and replaced again, and the operator killed', async () => {
  const load = SteadyLoad.start(outbound, closing, { callers: 5 });
  const former = { roots: await file('ca.crt'), cert: await file('tls.crt'), key: await file('tls.key') };
  await operator.put('laggard.yaml', workload('laggard'));
  await until('it has a certificate', () =>
    file('../meshwright-laggard/tls.crt').then(
      () => true,
      () => false,
    ),
  );
  const copy = join(root, 'copy');
  await cp(join(operator.state, 'secrets', namespace), join(copy, 'secrets', namespace), {
    recursive: true,
    verbatimSymlinks: true,
  });

  // Certificates know whole seconds only: the root is of an earlier one.
  await until('a second has begun', () => Promise.resolve(Date.now() % 1000 < 100));
  const issuedAfter = `issuedAfter: ${new Date().toISOString()}`;
  await operator.put('mesh.yaml', mesh(issuedAfter));
  await rotated('TrustBoth', `Waiting for 1 proxy: ${laggard} (disconnected).`);
  await restart();
  await rotated('TrustBoth', `Waiting for 1 proxy: ${laggard} (disconnected).`);
  expect(await file('tls.crt')).toBe(former.cert);

  // It never reads another certificate.
  await startSidecar('laggard', copy);
  await rotated('Switch', `Waiting for 1 proxy: ${laggard}.`);
  await restart();
  await rotated('Switch', `Waiting for 1 proxy: ${laggard}.`);
  expect(await file('tls.crt')).not.toBe(former.cert);

  await operator.put('mesh.yaml', mesh(`${issuedAfter}, mode: Abort`));
  await rotated('Aborting', `Waiting for 1 proxy: ${laggard}.`);
  await operator.remove('laggard.yaml');
  await rotated('Aborted');
  await until('the other root is gone', async () => (await file('ca.crt')) === former.roots);

  await operator.put('mesh.yaml', mesh(issuedAfter));
  await rotated('Rotated');
  await until('the former root is gone', async () => !(await file('ca.crt')).includes(former.roots));

  const { sent, failures } = await load.stop();
  expect(failures).toEqual([]);
  expect(sent).toBeGreaterThan(200);
  expect(await isAccepted(await file('tls.crt'), await file('tls.key'))).toBe(true);
  expect(await isAccepted(former.cert, former.key)).toBe(false);
});

test('no call fails while an intermediate of the user takes over, is renewed and damaged, and goes again', async () => {
  const load = SteadyLoad.start(outbound, closing, { callers: 5 });
  const secrets = createSecretFolders(join(operator.state, 'secrets'));
  const former = { cert: await file('tls.crt'), key: await file('tls.key') };
  const ca = await makeCa();
  const bring = async (data: SecretData): Promise<string> => {
    await secrets.write('meshwright-system', 'mesh-intermediate', data, {});
    return pemsOf(data['tls.crt'] ?? '')[0] ?? '';
  };
  const signed = (by: string) => async (): Promise<boolean> => pemsOf(await file('tls.crt'))[1] === by;
  const healthy = (reason: string) => async (): Promise<boolean> =>
    (await operator.conditions(defaultMesh))?.['AuthorityHealthy']?.reason === reason;
  const authority = 'type: Intermediate, secretRef: { name: mesh-intermediate }';

  const first = await bring(secretOf(ca, await makeCa({ by: ca })));
  await operator.put('mesh.yaml', mesh('', authority));
  await until('the intermediate signs', healthy('Healthy'));
  await rotated('Rotated');
  const trusted = secretOf(ca, ca)['ca.crt'] ?? '';
  // The files are written after the last step.
  await until('only its root is trusted', async () => (await file('ca.crt')) === trusted);
  expect(await presentedWith(trusted)).toBe(first);
  expect(await isAccepted(await file('tls.crt'), await file('tls.key'))).toBe(true);
  expect(await isAccepted(former.cert, former.key)).toBe(false);
  const other = await makeCa({ name: ca.certificate.subject.slice('CN='.length) });
  for (const [above, isBelieved] of [
    [ca, true],
    [other, false],
  ] as const) {
    const { certificate, privateKey } = await leafOf(secretOf(above, await makeCa({ by: above })));
    expect(await isAccepted(certificate, privateKey)).toBe(isBelieved);
    // Without its intermediate.
    expect(await isAccepted(pemsOf(certificate)[0] ?? '', privateKey)).toBe(false);
  }

  const renewed = await bring(secretOf(ca, await makeCa({ by: ca })));
  // The operator looks at once when the Mesh changes.
  await operator.put('mesh.yaml', mesh('phaseTimeout: 2h', authority));
  await until('the renewed one signs', signed(renewed));
  await until('it is presented', async () => (await presentedWith(trusted)) === renewed);
  await bring({ ...secretOf(ca, ca), 'tls.key': '' });
  await operator.put('mesh.yaml', mesh('phaseTimeout: 3h', authority));
  await until('it says so', healthy('InvalidAuthority'));
  await restart();
  await until('it says so again', healthy('InvalidAuthority'));
  expect(await signed(renewed)()).toBe(true);

  await operator.put('mesh.yaml', mesh(''));
  await until('the root signs itself', async () => pemsOf(await file('tls.crt')).length === 1);
  await until('that is all', async () => !(await file('ca.crt')).includes(trusted));

  const { sent, failures } = await load.stop();
  expect(failures).toEqual([]);
  expect(sent).toBeGreaterThan(200);
});
