// The cluster's own certificate authority, and a certificate for each component. Entry: writeCertificates.
// @see https://kubernetes.io/docs/setup/best-practices/certificates/
// oxlint-disable-next-line import/no-unassigned-import -- @peculiar/x509 needs the metadata API to be there first
import 'reflect-metadata';
import { generateKeyPairSync, webcrypto } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';
import type { Layout } from './layout.ts';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const lifetimeMs = 365 * 24 * 60 * 60_000;
const backDateMs = 60_000;

interface Subject {
  /** File name without its ending. */
  readonly file: string;
  readonly commonName: string;
  readonly organization?: string;
  /** Makes it a server certificate; a client's otherwise. */
  readonly names?: x509.JsonGeneralNames;
}

interface Authority {
  readonly certificate: x509.X509Certificate;
  readonly key: webcrypto.CryptoKey;
}

/** Files `<name>.crt`, `<name>.key` for the authority `ca` and each component, and `sa.key`, `sa.pub` for tokens. */
export async function writeCertificates(layout: Layout): Promise<void> {
  const authority = await createAuthority(layout.pkiDir);
  await Promise.all(subjects(layout).map((subject) => issue(layout.pkiDir, authority, subject)));
  const tokens = generateKeyPairSync('rsa', { modulusLength: 2048 });
  await writeKey(layout.pkiDir, 'sa', tokens.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
  await writeFile(join(layout.pkiDir, 'sa.pub'), tokens.publicKey.export({ type: 'spki', format: 'pem' }));
}

/** What a component is called decides what it may do: these names are bound to roles that Kubernetes brings along. */
function subjects(layout: Layout): Subject[] {
  const node = { commonName: `system:node:${layout.nodeName}`, organization: 'system:nodes' };
  const ip = (value: string): x509.JsonGeneralName => ({ type: 'ip', value });
  const dns = (value: string): x509.JsonGeneralName => ({ type: 'dns', value });
  const kubernetes = ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc'];
  return [
    {
      file: 'apiserver',
      commonName: 'kube-apiserver',
      names: [
        ip(layout.nodeAddress),
        ip(layout.apiServiceAddress),
        ip('127.0.0.1'),
        ...[...kubernetes, 'kubernetes.default.svc.cluster.local', 'localhost'].map(dns),
      ],
    },
    { file: 'kubelet-server', ...node, names: [ip(layout.nodeAddress), dns(layout.nodeName)] },
    { file: 'kubelet', ...node },
    { file: 'admin', commonName: 'admin', organization: 'system:masters' },
    {
      file: 'apiserver-kubelet-client',
      commonName: 'kube-apiserver-kubelet-client',
      organization: 'system:masters',
    },
    { file: 'kube-controller-manager', commonName: 'system:kube-controller-manager' },
    { file: 'kube-scheduler', commonName: 'system:kube-scheduler' },
    { file: 'kube-proxy', commonName: 'system:kube-proxy' },
    { file: 'coredns', commonName: 'system:coredns' },
  ];
}

async function createAuthority(folder: string): Promise<Authority> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=meshwright-test-cluster',
    keys,
    signingAlgorithm: algorithm,
    ...validity(),
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  await writePair(folder, 'ca', certificate, keys.privateKey);
  return { certificate, key: keys.privateKey };
}

async function issue(folder: string, authority: Authority, subject: Subject): Promise<void> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const organization = subject.organization === undefined ? [] : [{ O: [subject.organization] }];
  const usage = subject.names === undefined ? 'clientAuth' : 'serverAuth';
  const certificate = await x509.X509CertificateGenerator.create({
    subject: [...organization, { CN: [subject.commonName] }],
    issuer: authority.certificate.subject,
    publicKey: keys.publicKey,
    signingKey: authority.key,
    signingAlgorithm: algorithm,
    ...validity(),
    extensions: [
      new x509.BasicConstraintsExtension(false),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage[usage]]),
      await x509.AuthorityKeyIdentifierExtension.create(authority.certificate.publicKey),
      ...(subject.names === undefined ? [] : [new x509.SubjectAlternativeNameExtension(subject.names)]),
    ],
  });
  await writePair(folder, subject.file, certificate, keys.privateKey);
}

function validity(): { notBefore: Date; notAfter: Date } {
  const now = Date.now();
  return { notBefore: new Date(now - backDateMs), notAfter: new Date(now + lifetimeMs) };
}

async function writePair(
  folder: string,
  name: string,
  certificate: x509.X509Certificate,
  key: webcrypto.CryptoKey,
): Promise<void> {
  await writeFile(join(folder, `${name}.crt`), `${certificate.toString('pem')}\n`);
  const der = await webcrypto.subtle.exportKey('pkcs8', key);
  await writeKey(folder, name, x509.PemConverter.encode(der, 'PRIVATE KEY'));
}

async function writeKey(folder: string, name: string, pem: string): Promise<void> {
  await writeFile(join(folder, `${name}.key`), `${pem.trimEnd()}\n`, { mode: 0o600 });
}
