// A certificate revocation list (RFC 5280), signed by the root. Knows no Secret and no schedule.
// oxlint-disable-next-line import/no-unassigned-import -- @peculiar/x509 needs the metadata API to be there first
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import type { RevocationLists } from './authority.ts';
import { backDateMs, type Root, serialText, signingKeyOf, wholeSeconds } from './root.ts';

/** null where the root's key usage does not allow it to sign lists: Envoy and OpenSSL would refuse every certificate. */
export function revocationListsOf(root: Root, now: () => number): RevocationLists | null {
  const issuer = new x509.X509Certificate(root.certificate);
  const usages = issuer.getExtension(x509.KeyUsagesExtension)?.usages;
  if (usages !== undefined && (usages & x509.KeyUsageFlags.cRLSign) === 0) return null;
  return {
    sign: (serials) => signList(root, issuer, { serials, now: now() }),
    read: (list) => readList(issuer, list),
  };
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

async function readList(
  issuer: x509.X509Certificate,
  text: string,
): Promise<ReadonlySet<string> | undefined> {
  try {
    const list = new x509.X509Crl(x509.PemConverter.decodeFirst(text));
    if (!(await list.verify({ publicKey: issuer }))) return undefined;
    return new Set(list.entries.map(({ serialNumber }) => serialText(serialNumber)));
  } catch {
    return undefined;
  }
}
