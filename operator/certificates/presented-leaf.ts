// Which root a client's certificate comes from, and when it was issued. The connection has verified it.
import { X509Certificate } from 'node:crypto';
import { rememberLast } from '../values/remember.ts';
import { pemsOf } from './renewal.ts';
import { backDateMs, pemText } from './root.ts';
import type { PresentedLeaf } from '../values/presented-leaf.ts';
import { rootId } from './stored-roots.ts';

/** der: of the client. bundle: PEM of the roots that it may come from. null: of none of these. */
export function presentedLeaf(der: Buffer, bundle: string): PresentedLeaf | null {
  const leaf = new X509Certificate(der);
  // The signature was verified with the root of this name: each root has a name and a key identifier of its own.
  const root = rootsIn(bundle).find(({ certificate }) => leaf.checkIssued(certificate));
  return root === undefined ? null : { root: root.id, issuedMs: leaf.validFromDate.getTime() + backDateMs };
}

/** The same for all proxies. */
const rootsIn = rememberLast((bundle: string) =>
  pemsOf(bundle).map((pem) => {
    const certificate = new X509Certificate(pem);
    return { certificate, id: rootId(pemText(certificate)) };
  }),
);
