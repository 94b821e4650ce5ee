// Certificate revocation lists (RFC 5280), one signed by each root. Knows no Secret and no schedule.
// oxlint-disable-next-line import/no-unassigned-import -- @peculiar/x509 needs the metadata API to be there first
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import { rememberByKey } from '../values/remember.ts';
import type { ReadList, RevocationLists } from './authority.ts';
import { backDateMs, type Root, serialText, signingKeyOf, wholeSeconds } from './root.ts';

/**
 * Every root signs a list of all. null where one may not, or where an intermediate signs leaves: Envoy and OpenSSL would ask for a list of
 * each certificate in the chain, and refuse all of that root once there is a list of another.
 */
export function revocationListsOf(roots: readonly Root[], now: () => number): RevocationLists | null {
  const signers = roots.map((root) => ({ root, ...parsed.get(root.certificate, [], () => parse(root)) }));
  parsed.sweep();
  if (!signers.every(({ root, mayList }) => root.signsLists && mayList)) return null;
  return {
    sign: async (serials) => {
      const lists = signers.map(({ root, issuer }) => signList(root, issuer, { serials, now: now() }));
      return (await Promise.all(lists)).join('');
    },
    read: (text) =>
      readLists(
        signers.map(({ issuer }) => issuer),
        text,
      ),
  };
}

interface Issuer {
  readonly issuer: x509.X509Certificate;
  readonly mayList: boolean;
}

/** The authority is opened every minute, and nearly always the same: to parse it is most of that. */
const parsed = rememberByKey<Issuer>();

function parse({ certificate }: Root): Issuer {
  const issuer = new x509.X509Certificate(certificate);
  const usages = issuer.getExtension(x509.KeyUsagesExtension)?.usages;
  return { issuer, mayList: usages === undefined || (usages & x509.KeyUsageFlags.cRLSign) !== 0 };
}

async function signList(
  root: Root,
  issuer: x509.X509Certificate,
  { serials, now }: { readonly serials: readonly string[]; readonly now: number },
): Promise<string> {
  const { key, algorithm } = await signingKeyOf(root);
  const keyId = issuer.getExtension(x509.SubjectKeyIdentifierExtension)?.keyId;
  const thisUpdate = wholeSeconds(now - backDateMs);
  const list = await x509.X509CrlGenerator.create({
    issuer: issuer.subjectName,
    thisUpdate,
    // After the end of a list every certificate is refused, so none ends before the root, however long the operator is away.
    nextUpdate: wholeSeconds(root.notAfter.getTime()),
    signingAlgorithm: algorithm,
    signingKey: key,
    // Without a reason the library writes an empty list of extensions, which the standard forbids.
    entries: serials.map((serialNumber) => ({
      serialNumber,
      revocationDate: thisUpdate,
      reason: x509.X509CrlReason.superseded,
    })),
    extensions: keyId === undefined ? [] : [new x509.AuthorityKeyIdentifierExtension(keyId)],
  });
  // The library's own label, `CRL`, is one that neither OpenSSL nor BoringSSL looks for.
  return `${x509.PemConverter.encode(list.rawData, 'X509 CRL')}\n`;
}

async function readLists(
  issuers: readonly x509.X509Certificate[],
  text: string,
): Promise<ReadList | undefined> {
  try {
    const lists = x509.PemConverter.decode(text).map((der) => new x509.X509Crl(der));
    const found = await Promise.all(issuers.map((publicKey) => signedBy(publicKey, lists)));
    const good = found.flatMap((list) => list ?? []);
    if (good.length === 0) return undefined;
    const serials = good.flatMap(({ entries }) =>
      entries.map(({ serialNumber }) => serialText(serialNumber)),
    );
    return { serials: new Set(serials), isWhole: good.length === issuers.length };
  } catch {
    return undefined;
  }
}

async function signedBy(
  publicKey: x509.X509Certificate,
  lists: readonly x509.X509Crl[],
): Promise<x509.X509Crl | undefined> {
  const verdicts = await Promise.all(lists.map((list) => list.verify({ publicKey })));
  return lists.find((_, index) => verdicts[index]);
}
