// Certificates that do not prove who a caller is, at real Envoys: nobody gets further with one than without.
// oxlint-disable-next-line import/no-unassigned-import -- @peculiar/x509 needs the metadata API to be there first
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { connect } from 'node:tls';
import * as x509 from '@peculiar/x509';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { SecurityPolicySpec } from '../../api/v1alpha1/security/policy.ts';
import { signLeaf } from '../../operator/certificates/leaf.ts';
import { ecdsaP256, privateKeyPem, type Root, signingKeyOf } from '../../operator/certificates/root.ts';
import type { AuthorizationIr } from '../../operator/ir/inbound.ts';
import { policyRules, unionOf } from '../../operator/translate/policies/security/authorization.ts';
import { startApplication } from '../support/data-plane/applications.ts';
import { issue, makeTestRoot } from '../support/data-plane/certificate-folder.ts';
import { Closing } from '../support/data-plane/closing.ts';
import { ServedMesh } from '../support/data-plane/served-mesh.ts';
import { freePort } from '../support/kubernetes/free-port.ts';
import { sampleInbound, sampleMesh, sampleWorkload, spiffeId, trustDomain } from '../support/mesh-samples.ts';

const hourMs = 3_600_000;
const friend = spiffeId('friend');
const foe = spiffeId('foe');

const closing = new Closing();
afterAll(() => closing.close());

/** Ports of one server. Allow: friend is let in, nobody else. Deny: foe is not, everybody else is. */
const ports = { 'HTTP Allow': 0, 'HTTP Deny': 0, 'TCP Allow': 0, 'TCP Deny': 0 };
type Port = keyof typeof ports;
let mesh: ServedMesh;

function rulesOf(action: 'Allow' | 'Deny', protocol: 'HTTP' | 'TCP', port: number): AuthorizationIr {
  const account = action === 'Allow' ? 'friend' : 'foe';
  const spec = SecurityPolicySpec.parse({
    targetRefs: [{ kind: 'Deployment', name: 'server' }],
    authorization: { rules: [{ name: 'rule', action, from: [{ serviceAccounts: [`shop/${account}`] }] }] },
  });
  const policy = {
    apiVersion: 'meshwright.dev/v1alpha1',
    kind: 'SecurityPolicy',
    metadata: { namespace: 'shop', name: 'policy' },
    spec,
  } as const;
  return unionOf([policyRules(policy, trustDomain, { protocol, port, knownPorts: new Set([port]) })]);
}

beforeAll(async () => {
  const application = await startApplication('application', closing, (_seen, response) => {
    response.end('hello');
  });
  const inbound = [];
  for (const name of Object.keys(ports) as readonly Port[]) {
    // oxlint-disable-next-line no-await-in-loop -- in turn
    const port = (ports[name] = await freePort());
    const protocol = name.startsWith('HTTP') ? 'HTTP' : 'TCP';
    const authorization = rulesOf(name.endsWith('Allow') ? 'Allow' : 'Deny', protocol, port);
    inbound.push(sampleInbound(port, application, { mtls: 'Strict', protocol, authorization }));
  }
  mesh = await ServedMesh.start(sampleMesh({ workloads: [sampleWorkload('server', { inbound })] }), closing);
});

interface Shown {
  readonly certificate: string;
  readonly privateKey: string;
}

/** Whether the application answers who comes with this certificate. */
async function reaches(name: Port, shown: Shown | null): Promise<boolean> {
  const socket = connect({
    ...(shown !== null && { cert: shown.certificate, key: shown.privateKey }),
    ca: mesh.root.certificate,
    host: '127.0.0.1',
    port: ports[name],
    ALPNProtocols: ['meshwright'],
    checkServerIdentity: () => undefined,
  });
  socket.on('error', () => undefined);
  let answered = '';
  socket.on('data', (bytes) => (answered += String(bytes)));
  socket.write('GET / HTTP/1.1\r\nhost: server.shop\r\nconnection: close\r\n\r\n');
  await new Promise((resolve) => void socket.on('close', resolve));
  return answered.startsWith('HTTP/1.1 200');
}

async function reached(shown: Shown | null): Promise<readonly string[]> {
  const names = Object.keys(ports) as readonly Port[];
  const answers = await Promise.all(names.map((name) => reaches(name, shown)));
  return names.filter((_, index) => answers[index]);
}

/** Signed by the mesh's root, with whatever names. */
async function named(root: Root, names: x509.JsonGeneralNames): Promise<Shown> {
  const keys = await webcrypto.subtle.generateKey(ecdsaP256, true, ['sign', 'verify']);
  const { key, algorithm } = await signingKeyOf(root);
  const certificate = await x509.X509CertificateGenerator.create({
    issuer: new x509.X509Certificate(root.issuer).subjectName,
    subject: names.length === 0 ? 'CN=somebody' : '',
    notBefore: new Date(Date.now() - hourMs),
    notAfter: new Date(Date.now() + hourMs),
    signingAlgorithm: algorithm,
    publicKey: keys.publicKey,
    signingKey: key,
    extensions: [
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth]),
      ...(names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names, true)]),
    ],
  });
  return { certificate: certificate.toString('pem'), privateKey: await privateKeyPem(keys.privateKey) };
}

test('a caller of the mesh gets in where it may', async () => {
  expect(await reached(await issue(mesh.root, friend))).toEqual(Object.keys(ports));
  expect(await reached(await issue(mesh.root, foe))).toEqual([]);
});

describe('nobody gets in anywhere with', () => {
  test('no certificate', async () => {
    expect(await reached(null)).toEqual([]);
  });

  test('a certificate of another root with the same trust domain, subject and SPIFFE ID', async () => {
    expect(await reached(await issue(await makeTestRoot(trustDomain), friend))).toEqual([]);
  });

  test('one that has expired', async () => {
    const request = { spiffeId: friend, ttlMs: hourMs, ipAddresses: [] };
    expect(await reached(await signLeaf(mesh.root, request, Date.now() - 3 * hourMs))).toEqual([]);
  });

  test('one that is not valid yet', async () => {
    const request = { spiffeId: friend, ttlMs: hourMs, ipAddresses: [] };
    expect(await reached(await signLeaf(mesh.root, request, Date.now() + 3 * hourMs))).toEqual([]);
  });

  test('one that another leaf signed', async () => {
    const leaf = await issue(mesh.root, friend);
    const forged = await issue(
      { ...mesh.root, ...leaf, issuer: leaf.certificate, chain: leaf.certificate },
      friend,
    );
    expect(await reached(forged)).toEqual([]);
  });

  const written: readonly (readonly [string, x509.JsonGeneralNames])[] = [
    ['none', []],
    ['a DNS name', [{ type: 'dns', value: 'friend.shop' }]],
    ['a SPIFFE ID as a DNS name', [{ type: 'dns', value: friend }]],
    ['a URI that is none', [{ type: 'url', value: 'https://friend.shop' }]],
  ];
  test.each(written)('one of the mesh’s root that has instead of a SPIFFE ID %s', async (_, names) => {
    expect(await reached(await named(mesh.root, names))).toEqual([]);
  });
});

/** Nobody but the root can make one: whoever gets it could have got one with either ID alone. */
test('a certificate with two SPIFFE IDs is that of both; TCP ports look for one that is admitted', async () => {
  const two = await named(mesh.root, [
    { type: 'url', value: friend },
    { type: 'url', value: foe },
  ]);

  expect(await reached(two)).toEqual(['HTTP Allow', 'TCP Allow', 'TCP Deny']);
});
