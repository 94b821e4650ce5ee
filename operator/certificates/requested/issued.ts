// Whether what an issuer has issued is what it was asked for. Pure. Entry: readIssued.
import { createPrivateKey, type X509Certificate } from 'node:crypto';
import { backDateMs, pemText } from '../root.ts';
import { certificatesIn, isSelfSigned, pathTo } from './chain.ts';

export interface IssuedText {
  /** PEM, leaf first. */
  readonly certificate: string;
  /** PEM of what the issuer names as its authority; '' if it does not. */
  readonly ca: string;
}

export interface Expected {
  readonly spiffeId: string;
  /** PEM. */
  readonly privateKey: string;
  readonly ttlMs: number;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** PEM, each of one root. */
  readonly roots: readonly string[];
}

export type Issued =
  | {
      readonly type: 'Usable';
      /** PEM: the leaf and its intermediates. */
      readonly certificate: string;
      /** PEM of the intermediates. */
      readonly links: string;
      /** PEM of the root that it leads to. */
      readonly root: string;
      /** It is none of the expected ones. */
      readonly isOtherRoot: boolean;
      /** PEM of the root that the issuer names; null: it names none that this leads to. */
      readonly named: string | null;
      readonly notBefore: Date;
      readonly notAfter: Date;
    }
  /** why: the end of a sentence that begins with the issuer, without a full stop. */
  | { readonly type: 'Unusable'; readonly why: string };

/** Clocks differ. */
const aheadMs = 10_000;

export function readIssued(text: IssuedText, expected: Expected): Issued {
  const [leaf, ...rest] = certificatesIn(text.certificate);
  if (leaf === undefined) return unusable('issued what is no readable PEM certificate');
  const why = faultOf(leaf, expected);
  if (why !== null) return unusable(why);
  const pool = [...rest, ...certificatesIn(text.ca)];
  const named = pool
    .toReversed()
    .find((it) => isSelfSigned(it) && !it.raw.equals(leaf.raw) && leads(it, leaf, pool));
  const known = expected.roots.flatMap(certificatesIn).find((it) => leads(it, leaf, pool));
  const root = known ?? named;
  const path = root === undefined ? null : pathTo(root, leaf, pool);
  if (root === undefined || path === null)
    return unusable(
      'returns no root certificate (status.ca) that its certificates lead to. Set spec.certificates.authority.caBundle to the root',
    );
  const links = path.map((it) => pemText(it)).join('');
  return {
    type: 'Usable',
    certificate: pemText(leaf) + links,
    links,
    root: pemText(root),
    isOtherRoot: known === undefined,
    named: named === undefined ? null : pemText(named),
    notBefore: leaf.validFromDate,
    notAfter: leaf.validToDate,
  };
}

const unusable = (why: string): Issued => ({ type: 'Unusable', why });

function leads(root: X509Certificate, leaf: X509Certificate, pool: readonly X509Certificate[]): boolean {
  return (
    pathTo(
      root,
      leaf,
      pool.filter((it) => !it.raw.equals(root.raw)),
    ) !== null
  );
}

const [serverAuth, clientAuth, anyUsage] = ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2', '2.5.29.37.0'] as const;

/** null: it is what was asked for. */
function faultOf(leaf: X509Certificate, { spiffeId, privateKey, ttlMs, now }: Expected): string | null {
  if (!leaf.checkPrivateKey(createPrivateKey(privateKey)))
    return 'issued a certificate for another key than the one in the request';
  if (leaf.ca) return 'issued a certificate authority where a certificate for a workload was requested';
  const uris = (leaf.subjectAltName?.split(', ') ?? []).filter((name) => name.startsWith('URI:'));
  if (uris.length !== 1 || uris[0] !== `URI:${spiffeId}`)
    return `issued a certificate whose URI is not ${spiffeId}. Use an issuer that takes URI names from the request`;
  // Node types it as always there.
  const usages: readonly string[] | undefined = leaf.keyUsage;
  const allows = (usage: string): boolean =>
    usages === undefined || usages.includes(usage) || usages.includes(anyUsage);
  if (!allows(serverAuth) || !allows(clientAuth))
    return 'issued a certificate without the extended key usages "client auth" and "server auth". Use an issuer that allows both';
  if (leaf.validFromDate.getTime() > now + aheadMs)
    return `issued a certificate that is not valid before ${leaf.validFromDate.toISOString()}. Correct the clocks`;
  if (leaf.validToDate.getTime() <= now)
    return `issued a certificate that expired on ${leaf.validToDate.toISOString()}`;
  if (leaf.validToDate.getTime() > now + ttlMs + backDateMs)
    return `issued a certificate that is valid until ${leaf.validToDate.toISOString()}, longer than spec.certificates.workloadTTL. Use an issuer that obeys the requested duration, or raise workloadTTL`;
  return null;
}
