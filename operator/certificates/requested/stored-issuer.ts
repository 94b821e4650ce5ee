// An issuer outside as it lies in the Secret of the root, in the place of a root with its key. Entries: parseIssuer, issuerPair.
import { X509Certificate } from 'node:crypto';
import { z } from 'zod';
import type { IssuerRefIr } from '../../ir/mesh-ir.ts';
import type { SecretData } from '../../ports/platform.ts';
import { parsed, pemText, type Root, RootUnusable, soonMs } from '../root.ts';
import { certificatesIn, isSelfSigned } from './chain.ts';

/** In tls.crt: intermediates that it has signed with, PEM, the last one first. */
export const issuerFile = 'issuer.json';

const StoredIssuer = z.object({ name: z.string(), kind: z.string(), group: z.string() });

/** root, links: PEM. */
export function issuerPair(
  issuer: IssuerRefIr,
  { root, links }: { readonly root: string; readonly links: string },
): SecretData {
  return { 'tls.crt': links, 'tls.key': '', 'root.crt': root, [issuerFile]: JSON.stringify(issuer) };
}

/** pair: as issuerPair made it. where: how the message names its place. Throws RootUnusable. */
export function parseIssuer(pair: SecretData, where: string): Root {
  const issuer = parsed(() => StoredIssuer.parse(JSON.parse(pair[issuerFile] ?? '')));
  const root = parsed(() => new X509Certificate(pair['root.crt'] ?? ''));
  if (issuer === undefined || root === undefined)
    throw new RootUnusable(
      `${issuerFile} or the root in ${where} cannot be read. Restore ${where} from a backup.`,
    );
  const [latest] = certificatesIn(pair['tls.crt'] ?? '');
  const pem = pemText(root);
  return {
    certificate: pem,
    issuer: pem,
    chain: null,
    links: pair['tls.crt'] ?? '',
    notBefore: root.validFromDate,
    rootNotAfter: root.validToDate,
    intermediateNotAfter: latest?.validToDate ?? null,
    notAfter: root.validToDate,
    soonMs: Math.min(soonMs(root), ...(latest === undefined ? [] : [soonMs(latest)])),
    key: null,
    issuerRef: issuer,
    signsLists: false,
    isOurs: false,
    isPlugged: true,
  };
}

/** A sentence's end without a full stop; null: it is one root certificate. */
export function faultOfBundle(pem: string): string | null {
  const [root, ...others] = certificatesIn(pem);
  if (root === undefined || others.length > 0)
    return 'has to be one root certificate in PEM, and nothing else';
  return root.ca && isSelfSigned(root)
    ? null
    : 'is no root: it is not self-signed, or no certificate authority';
}
