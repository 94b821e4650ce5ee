// How a leaf leads to a root, over intermediates in any order. Pure. Entries: pathTo, leadsTo.
import { X509Certificate } from 'node:crypto';
import { pemsOf } from '../pems.ts';
import { parsed } from '../root.ts';

/** Each handshake carries the chain. */
const mostIntermediates = 5;

export function certificatesIn(pem: string): readonly X509Certificate[] {
  return pemsOf(pem).flatMap((text) => parsed(() => new X509Certificate(text)) ?? []);
}

export function isSelfSigned(certificate: X509Certificate): boolean {
  return certificate.checkIssued(certificate) && certificate.verify(certificate.publicKey);
}

/** The intermediates between a leaf and the root, the one that signed the leaf first; null: it does not lead there. */
export function pathTo(
  root: X509Certificate,
  leaf: X509Certificate,
  pool: readonly X509Certificate[],
): readonly X509Certificate[] | null {
  const path: X509Certificate[] = [];
  let current = leaf;
  while (!isSignedBy(current, root)) {
    const child = current;
    const next = pool.find((it) => !path.includes(it) && it.ca && isSignedBy(child, it));
    if (next === undefined || path.length === mostIntermediates) return null;
    path.push(next);
    current = next;
  }
  return path;
}

function isSignedBy(certificate: X509Certificate, by: X509Certificate): boolean {
  return certificate.checkIssued(by) && certificate.verify(by.publicKey);
}

/** pem: of a leaf and its intermediates. root: PEM. */
export function leadsTo(root: string, pem: string): boolean {
  const [leaf, ...pool] = certificatesIn(pem);
  const [anchor] = certificatesIn(root);
  return leaf !== undefined && anchor !== undefined && pathTo(anchor, leaf, pool) !== null;
}
