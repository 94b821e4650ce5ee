// Who signed a client's certificate, and when it was issued. The connection has verified it.
import { X509Certificate } from 'node:crypto';
import { rememberLast } from '../values/remember.ts';
import { pemsOf } from './renewal.ts';
import { backDateMs, pemText } from './root.ts';
import type { PresentedLeaf } from '../values/presented-leaf.ts';
import { issuerId } from './stored-roots.ts';

/** der: of the client. issuers: PEM of those that may have signed it. null: none of these did. */
export function presentedLeaf(der: Buffer, issuers: string): PresentedLeaf | null {
  const leaf = new X509Certificate(der);
  const issuer = issuersIn(issuers).find(({ certificate }) => {
    // Intermediates that users brought may have the same name and no key identifiers.
    return leaf.checkIssued(certificate) && leaf.verify(certificate.publicKey);
  });
  return issuer === undefined
    ? null
    : { root: issuer.id, issuedMs: leaf.validFromDate.getTime() + backDateMs };
}

/** The same for all proxies. */
const issuersIn = rememberLast((issuers: string) =>
  pemsOf(issuers).map((pem) => {
    const certificate = new X509Certificate(pem);
    return { certificate, id: issuerId(pemText(certificate)) };
  }),
);
