import { X509Certificate } from 'node:crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
// oxlint-disable-next-line import/no-unassigned-import -- @peculiar/x509 needs the metadata API to be there first
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import { parseIntermediate } from '../../../operator/certificates/intermediate.ts';
import { signLeaf } from '../../../operator/certificates/leaf.ts';
import { readWanted } from '../../../operator/certificates/plugged.ts';
import { tryOut } from '../../../operator/certificates/trial.ts';
import { pemsOf } from '../../../operator/certificates/pems.ts';
import { type Root } from '../../../operator/certificates/root.ts';
import type { SecretData } from '../../../operator/ports/platform.ts';
import { type Ca, type CaOptions, makeCa, secretOf } from '../../support/brought-authority.ts';
import { MemorySecrets } from '../../support/memory-secrets.ts';
import { hourMs } from './support.ts';

const where = 'Secret meshwright-system/mesh-intermediate';
const { keyCertSign, digitalSignature } = x509.KeyUsageFlags;
const ca = (pathLength?: number): x509.Extension =>
  new x509.BasicConstraintsExtension(true, pathLength, true);
const usage = (flags: x509.KeyUsageFlags): x509.Extension => new x509.KeyUsagesExtension(flags, true);
const rsa = (modulusLength: number, hash = 'SHA-256'): NonNullable<CaOptions['algorithm']> => ({
  name: 'RSASSA-PKCS1-v1_5',
  modulusLength,
  publicExponent: new Uint8Array([1, 0, 1]),
  hash,
});

let root: Ca;
let upper: Ca;
let lower: Ca;

beforeAll(async () => {
  root = await makeCa();
  upper = await makeCa({ by: root });
  lower = await makeCa({ by: upper });
});

function parse(data: SecretData): Root {
  return parseIntermediate(data, { where, now: Date.now() });
}

async function below(options: CaOptions, by = root): Promise<SecretData> {
  return secretOf(by, await makeCa({ by, ...options }));
}

describe('an intermediate', () => {
  test('signs leaves, which are presented with the whole chain, but for the root', async () => {
    const authority = parse(secretOf(root, lower, upper));

    const leaf = await signLeaf(authority, { spiffeId: 'spiffe://a/b', ttlMs: hourMs }, Date.now());

    const chain = pemsOf(leaf.certificate).map((pem) => new X509Certificate(pem));
    expect(chain).toHaveLength(3);
    const issuers = [...chain.slice(1), new X509Certificate(authority.certificate)];
    chain.forEach((certificate, index) => {
      expect(certificate.verify(issuers[index]?.publicKey ?? certificate.publicKey)).toBe(true);
    });
    expect(await tryOut(authority, where, settings(secretOf(root, lower, upper)))).toBeNull();
  });

  test.each<[string, () => Promise<SecretData> | SecretData]>([
    ['with the root at the end of its chain', () => secretOf(root, lower, upper, root)],
    ['of RSA', () => below({ algorithm: rsa(2048) })],
    ['under a root of RSA', async () => below({}, await makeCa({ algorithm: rsa(2048) }))],
    ['with path length 0', () => below({ extensions: [ca(0), usage(keyCertSign)] })],
    ['without key usages', () => below({ extensions: [ca()] })],
    [
      'for clients and servers',
      () => below({ extensions: [ca(), new x509.ExtendedKeyUsageExtension([clientAuth, serverAuth])] }),
    ],
  ])('%s is taken', async (_, data) => {
    const found = await readWanted(wanted, settings(await data()));

    expect(found).toMatchObject({ type: 'Plugged', where });
    expect(found.type === 'Plugged' && (await tryOut(found.root, where, settings({})))).toBeNull();
  });

  test('leaves end with the certificate of the chain that ends first', async () => {
    const until = Math.floor(Date.now() / 1000) * 1000 + hourMs;
    const authority = parse(secretOf(root, await makeCa({ by: upper, until }), upper));

    const leaf = await signLeaf(authority, { spiffeId: 'spiffe://a/b', ttlMs: 24 * hourMs }, Date.now());

    expect(authority).toMatchObject({
      intermediateNotAfter: new Date(until),
      notAfter: new Date(until),
      rootNotAfter: root.certificate.notAfter,
    });
    expect(leaf.notAfter).toEqual(new Date(until));
  });

  test('that is a root itself signs leaves that are presented alone', () => {
    expect(parse(secretOf(root, root))).toMatchObject({ chain: '', intermediateNotAfter: null });
  });
});

const { clientAuth, serverAuth } = x509.ExtendedKeyUsage;
const wanted = { type: 'Intermediate', secretName: 'mesh-intermediate' } as const;

function settings(data: SecretData): Parameters<typeof readWanted>[1] {
  const secrets = new MemorySecrets();
  secrets.held.set('meshwright-system/mesh-intermediate', data);
  return { secrets, namespace: 'meshwright-system', trustDomain: 'cluster.local', now: Date.now };
}

describe('refused, with what to do:', () => {
  test.each<[string, () => Promise<SecretData> | SecretData, string]>([
    [
      'no root',
      () => without('ca.crt'),
      'ca.crt has no readable PEM certificate. Put the root certificate there',
    ],
    [
      'two roots',
      () => ({ ...good(), 'ca.crt': `${good()['ca.crt']}${secretOf(upper, upper)['ca.crt']}` }),
      'ca.crt has more than one certificate. Put the root certificate there, and nothing else.',
    ],
    ['an intermediate as root', () => secretOf(upper, lower), 'ca.crt is not self-signed.'],
    ['no certificate', () => without('tls.crt'), 'tls.crt has no readable PEM certificate.'],
    [
      'a damaged certificate',
      () => ({ ...good(), 'tls.crt': '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n' }),
      'certificate 1 in tls.crt is no readable X.509 certificate.',
    ],
    ['no key', () => without('tls.key'), 'tls.key has no readable PEM private key.'],
    [
      'the key of another',
      () => ({ ...good(), 'tls.key': secretOf(root, upper)['tls.key'] ?? '' }),
      'tls.key does not belong to certificate 1 in tls.crt. Replace both together.',
    ],
    [
      'a chain with a gap',
      () => secretOf(root, lower),
      'certificate 1 in tls.crt is not signed by ca.crt. Put the intermediate first in tls.crt',
    ],
    [
      'another root of the same name',
      async () => secretOf(await makeCa({ name: root.certificate.subject.slice(3) }), upper),
      'certificate 1 in tls.crt is not signed by ca.crt.',
    ],
    [
      'a leaf',
      () => below({ extensions: [new x509.BasicConstraintsExtension(false), usage(digitalSignature)] }),
      'certificate 1 in tls.crt is not a certificate authority. Issue it with basicConstraints CA:TRUE.',
    ],
    [
      'basic constraints left out',
      () => below({ extensions: [usage(keyCertSign)] }),
      'certificate 1 in tls.crt is not a certificate authority.',
    ],
    [
      'one that may not sign',
      () => below({ extensions: [ca(), usage(digitalSignature)] }),
      'certificate 1 in tls.crt may not sign certificates. Issue it with the key usage keyCertSign',
    ],
    [
      'a path that is too long',
      async () => {
        const short = await makeCa({ by: root, extensions: [ca(0), usage(keyCertSign)] });
        return secretOf(root, await makeCa({ by: short }), short);
      },
      'certificate 2 in tls.crt allows 0 intermediates below it (pathlen), but there are 1.',
    ],
    [
      'a root for no intermediate',
      async () => {
        const short = await makeCa({ extensions: [ca(0), usage(keyCertSign)] });
        return secretOf(short, await makeCa({ by: short }));
      },
      'ca.crt allows 0 intermediates below it (pathlen), but there are 1.',
    ],
    [
      'servers only',
      () => below({ extensions: [ca(), new x509.ExtendedKeyUsageExtension([serverAuth])] }),
      'certificate 1 in tls.crt does not allow clients and servers.',
    ],
    [
      'an end that is past',
      () => below({ until: Date.now() - 1000 }),
      'certificate 1 in tls.crt expired on 20',
    ],
    [
      'a root that is past',
      async () => below({}, await makeCa({ until: Date.now() - 1000 })),
      'ca.crt expired on 20',
    ],
    [
      'a time to come',
      () => below({ from: Date.now() + hourMs }),
      'certificate 1 in tls.crt is not valid before 20',
    ],
    [
      'a short key',
      () => below({ algorithm: rsa(1024) }),
      'the key of certificate 1 in tls.crt is too weak or of another kind.',
    ],
    [
      'SHA-1',
      async () => below({}, await makeCa({ algorithm: rsa(2048, 'SHA-1') })),
      'certificate 1 in tls.crt is signed with SHA-1. Sign it with SHA-256.',
    ],
    [
      'Ed25519',
      () => below({ algorithm: { name: 'Ed25519', namedCurve: '' } }),
      'tls.key is neither ECDSA (P-256, P-384) nor RSA. Use such a key.',
    ],
    [
      'a chain of six',
      async () => {
        const chain = [root];
        for (let depth = 0; depth < 6; depth += 1) {
          // oxlint-disable-next-line no-await-in-loop -- each signs the next
          chain.unshift(await makeCa({ by: chain[0] ?? root }));
        }
        const [first = root, ...rest] = chain;
        return secretOf(root, first, ...rest);
      },
      'tls.crt has more than 5 intermediates.',
    ],
  ])('%s', async (_, data, why) => {
    const found = await readWanted(wanted, settings(await data()));

    expect(found).toMatchObject({
      type: 'Unusable',
      why: expect.stringContaining(`${where} cannot be used: ${why}`),
    });
    expect(JSON.stringify(found)).not.toContain('PRIVATE KEY');
  });

  test('a Secret that does not exist', async () => {
    const none = { ...settings({}), secrets: new MemorySecrets() };

    expect(await readWanted(wanted, none)).toEqual({
      type: 'Unusable',
      where,
      why: `${where} does not exist. Create it with tls.crt, tls.key and ca.crt.`,
    });
  });

  test.each([
    ['the trust domain', 'cluster.local', null],
    [
      'another domain',
      'example.org',
      expect.stringContaining(
        'OpenSSL refuses a certificate for spiffe://cluster.local/ns/meshwright-system/sa/meshwright-operator that it signs',
      ),
    ],
  ])('names constrained to %s', async (_, host, error) => {
    const authority = parse(await below({ extensions: [ca(), usage(keyCertSign), permittedUri(host)] }));

    const why = await tryOut(authority, where, settings({}));

    expect(why).toEqual(error);
  });
});

/** Name constraints (RFC 5280, 4.2.1.10): permittedSubtrees [0], of them one with a URI [6]. */
function permittedUri(host: string): x509.Extension {
  const uri = Buffer.concat([Buffer.from([0x86, host.length]), Buffer.from(host)]);
  const subtree = Buffer.concat([Buffer.from([0x30, uri.length]), uri]);
  const permitted = Buffer.concat([Buffer.from([0xa0, subtree.length]), subtree]);
  return new x509.Extension(
    '2.5.29.30',
    true,
    Buffer.concat([Buffer.from([0x30, permitted.length]), permitted]),
  );
}

function good(): SecretData {
  return secretOf(root, lower, upper);
}

function without(file: string): SecretData {
  return Object.fromEntries(Object.entries(good()).filter(([name]) => name !== file));
}
