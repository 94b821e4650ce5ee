// An authority that a user brought: an intermediate that signs leaves, its chain and the root they lead to. Judged each time it is read.
// Pure. Entry: parseIntermediate.
// oxlint-disable-next-line import/no-unassigned-import -- @peculiar/x509 needs the metadata API to be there first
import 'reflect-metadata';
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import type { SecretData } from '../ports/platform.ts';
import { Redacted } from '../values/redacted.ts';
import { pemsOf } from './pems.ts';
import { parsed, pemText, type Root, signingAlgorithm, soonMs } from './root.ts';

/** Each handshake carries the chain. */
const mostIntermediates = 5;
const leastRsaBits = 2048;
/** What Envoy and OpenSSL verify alike. */
const curves: ReadonlySet<string> = new Set(['prime256v1', 'secp384r1', 'secp521r1']);
const weakHashes: ReadonlySet<string> = new Set(['SHA-1', 'MD5']);

/** The Secret cannot be used. The message is for the user. */
export class IntermediateRefused extends Error {
  override readonly name = 'IntermediateRefused';
}

export interface IntermediateOptions {
  /** How the message names its place, for example `Secret meshwright-system/mesh-intermediate`. */
  readonly where: string;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** It was good once; default: false. */
  readonly mayHaveExpired?: boolean;
}

/** A certificate of the chain, and how a message names it. */
interface Link {
  readonly name: string;
  readonly node: X509Certificate;
  readonly parts: x509.X509Certificate;
}

/**
 * tls.crt: the intermediate, then those above it, with or without the root. ca.crt: the root. If the root is the first in tls.crt, it signs
 * leaves itself. Throws IntermediateRefused.
 */
export function parseIntermediate(data: SecretData, options: IntermediateOptions): Root {
  const root = rootIn(data, options);
  const links = linksIn(data, options).filter(({ node }) => !node.raw.equals(root.node.raw));
  const [issuer = root] = links;
  const key = keyOf(data, issuer, options);
  if (links.length > mostIntermediates)
    refuse(options, `tls.crt has more than ${mostIntermediates} intermediates. Shorten the chain.`);
  const whole = [...links, root];
  for (const [index, link] of whole.entries()) {
    checkAuthority(link, index, options);
    checkValidity(link, options);
    checkSignedByNext(link, whole[index + 1] ?? link, options);
  }
  const ends = links.map(({ node }) => node.validToDate.getTime());
  const rootEnd = root.node.validToDate.getTime();
  return {
    certificate: pemText(root.node),
    issuer: pemText(issuer.node),
    chain: links.map(({ node }) => pemText(node)).join(''),
    links: '',
    notBefore: root.node.validFromDate,
    rootNotAfter: root.node.validToDate,
    intermediateNotAfter: ends.length === 0 ? null : new Date(Math.min(...ends)),
    notAfter: new Date(Math.min(...ends, rootEnd)),
    soonMs: Math.min(...whole.map(({ node }) => soonMs(node))),
    key: new Redacted(key),
    issuerRef: null,
    signsLists: links.length === 0,
    isOurs: false,
    isPlugged: true,
  };
}

function refuse({ where }: IntermediateOptions, why: string): never {
  throw new IntermediateRefused(`${where} cannot be used: ${why}`);
}

function rootIn(data: SecretData, options: IntermediateOptions): Link {
  const pems = pemsOf(data['ca.crt'] ?? '');
  if (pems.length !== 1) {
    const found = pems.length === 0 ? 'has no readable PEM certificate' : 'has more than one certificate';
    refuse(options, `ca.crt ${found}. Put the root certificate there, and nothing else.`);
  }
  const root = linkOf(pems[0] ?? '', 'ca.crt', options);
  if (!root.node.verify(root.node.publicKey))
    refuse(options, 'ca.crt is not self-signed. Put the root certificate there, not an intermediate.');
  return root;
}

function linksIn(data: SecretData, options: IntermediateOptions): readonly Link[] {
  const pems = pemsOf(data['tls.crt'] ?? '');
  if (pems.length === 0)
    refuse(
      options,
      'tls.crt has no readable PEM certificate. Put the intermediate there, then those above it.',
    );
  return pems.map((pem, index) => linkOf(pem, `certificate ${index + 1} in tls.crt`, options));
}

function linkOf(pem: string, name: string, options: IntermediateOptions): Link {
  const link = parsed(() => ({ name, node: new X509Certificate(pem), parts: new x509.X509Certificate(pem) }));
  return link ?? refuse(options, `${name} is no readable X.509 certificate. Replace it.`);
}

function keyOf(data: SecretData, issuer: Link, options: IntermediateOptions): KeyObject {
  const key = parsed(() => createPrivateKey(data['tls.key'] ?? ''));
  if (key === undefined)
    return refuse(options, 'tls.key has no readable PEM private key. Put it there without a passphrase.');
  if (!issuer.node.checkPrivateKey(key))
    refuse(options, `tls.key does not belong to ${issuer.name}. Replace both together.`);
  if (signingAlgorithm(key) === undefined)
    refuse(options, 'tls.key is neither ECDSA (P-256, P-384) nor RSA. Use such a key.');
  return key;
}

/** below: intermediates between it and a leaf. */
function checkAuthority({ name, node, parts }: Link, below: number, options: IntermediateOptions): void {
  const basic = parts.getExtension(x509.BasicConstraintsExtension);
  if (basic?.ca !== true)
    refuse(options, `${name} is not a certificate authority. Issue it with basicConstraints CA:TRUE.`);
  if (basic?.pathLength !== undefined && basic.pathLength < below)
    refuse(
      options,
      `${name} allows ${basic.pathLength} intermediates below it (pathlen), but there are ${below}. Issue it with a larger pathlen.`,
    );
  const usages = parts.getExtension(x509.KeyUsagesExtension)?.usages;
  if (usages !== undefined && (usages & x509.KeyUsageFlags.keyCertSign) === 0)
    refuse(
      options,
      `${name} may not sign certificates. Issue it with the key usage keyCertSign (cert sign).`,
    );
  const extended = parts.getExtension(x509.ExtendedKeyUsageExtension)?.usages;
  if (extended !== undefined && !allowsBothEnds(extended))
    refuse(
      options,
      `${name} does not allow clients and servers. Issue it without extended key usages, or with both clientAuth and serverAuth.`,
    );
  checkStrength({ name, node, parts }, options);
}

const anyExtendedKeyUsage = '2.5.29.37.0';

function allowsBothEnds(usages: readonly x509.ExtendedKeyUsageType[]): boolean {
  const has = (usage: x509.ExtendedKeyUsageType): boolean => usages.includes(usage);
  const { clientAuth, serverAuth } = x509.ExtendedKeyUsage;
  return has(anyExtendedKeyUsage) || (has(clientAuth) && has(serverAuth));
}

function checkStrength({ name, node, parts }: Link, options: IntermediateOptions): void {
  const { asymmetricKeyType, asymmetricKeyDetails } = node.publicKey;
  const { modulusLength = 0, namedCurve = '' } = asymmetricKeyDetails ?? {};
  const isStrong = asymmetricKeyType === 'rsa' ? modulusLength >= leastRsaBits : curves.has(namedCurve);
  if (!isStrong)
    refuse(
      options,
      `the key of ${name} is too weak or of another kind. Use ECDSA (P-256, P-384, P-521) or RSA with at least ${leastRsaBits} bits.`,
    );
  // Nobody verifies how a root signed itself.
  const { hash } = parts.signatureAlgorithm;
  if (name !== 'ca.crt' && weakHashes.has(hash.name))
    refuse(options, `${name} is signed with ${hash.name}. Sign it with SHA-256.`);
}

function checkValidity(
  { name, node }: Link,
  { now, mayHaveExpired = false, ...rest }: IntermediateOptions,
): void {
  const options = { now, ...rest };
  if (node.validFromDate.getTime() > now)
    refuse(
      options,
      `${name} is not valid before ${node.validFromDate.toISOString()}. Wait until then, or replace it.`,
    );
  if (!mayHaveExpired && node.validToDate.getTime() <= now)
    refuse(options, `${name} expired on ${node.validToDate.toISOString()}. Renew it.`);
}

function checkSignedByNext(link: Link, next: Link, options: IntermediateOptions): void {
  if (link.node.checkIssued(next.node) && link.node.verify(next.node.publicKey)) return;
  refuse(
    options,
    `${link.name} is not signed by ${next.name}. Put the intermediate first in tls.crt, then each certificate that signed the one before, and their root in ca.crt.`,
  );
}
