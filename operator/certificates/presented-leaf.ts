// Who signed a client's certificate, and when it was issued. The connection has verified it.
import { X509Certificate } from 'node:crypto';
import { certificatesIn, pathTo } from './requested/chain.ts';
import { rememberLast } from '../values/remember.ts';
import { pemsOf } from './pems.ts';
import { backDateMs, pemText } from './root.ts';
import type { PresentedLeaf } from '../values/presented-leaf.ts';
import { issuerId } from './stored-roots.ts';

/** der: of the client. issuers: PEM of those that it may lead to, links: over these. null: it leads to none. */
export function presentedLeaf(der: Buffer, issuers: string, links: string): PresentedLeaf | null {
  const leaf = new X509Certificate(der);
  const pool = linksIn(links);
  // Intermediates that users brought may have the same name and no key identifiers: signatures are verified.
  const issuer = issuersIn(issuers).find(({ certificate }) => pathTo(certificate, leaf, pool) !== null);
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

const linksIn = rememberLast(certificatesIn);
