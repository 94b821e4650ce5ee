// Whether certificates are signed by what the Mesh asks for, and how to get there: a renewed intermediate of the same root is taken as it is,
// another root comes in a rotation. Pure.
// oxlint-disable-next-line import/no-unassigned-import -- @peculiar/x509 needs the metadata API to be there first
import 'reflect-metadata';
import { X509Certificate } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import type { SecretData } from '../ports/platform.ts';
import type { Root } from './root.ts';
import { type StoredRoots, withPair } from './stored-roots.ts';

/** What the Mesh asks for. where: `Secret meshwright-system/mesh-intermediate`. */
export type WantedAuthority =
  | { readonly type: 'BuiltIn' }
  /** pair: as it is to be stored. */
  | { readonly type: 'Plugged'; readonly where: string; readonly root: Root; readonly pair: SecretData }
  /** why: a sentence for the user. */
  | { readonly type: 'Unusable'; readonly where: string; readonly why: string };

export type AuthorityChange =
  | { readonly type: 'None' }
  /** New leaves are enough. data: to be stored. */
  | { readonly type: 'Renew'; readonly data: SecretData }
  /** A rotation. pair: of what is to come; null: it is to be made. */
  | {
      readonly type: 'Replace';
      readonly pair: SecretData | null;
      /** The one that signs can sign lists of revoked certificates, and what is to come cannot. */
      readonly endsLists: boolean;
    }
  /** why: a sentence for the user. */
  | { readonly type: 'Impossible'; readonly why: string };

/** before: what is stored, and was parsed as roots. While a rotation is under way, nothing is replaced. */
export function authorityChange(
  before: SecretData,
  roots: StoredRoots,
  wanted: WantedAuthority,
): AuthorityChange {
  const { signer, rotating } = roots;
  if (wanted.type === 'Unusable') return { type: 'Impossible', why: wanted.why };
  if (wanted.type === 'BuiltIn')
    return signer.isPlugged && rotating === null
      ? { type: 'Replace', pair: null, endsLists: false }
      : { type: 'None' };
  const place = placeOf(roots, wanted.root);
  const { pair } = wanted;
  if (place !== null) return renewal(before, withPair(before, place, pair));
  if (rotating !== null) return { type: 'None' };
  const why = indistinguishable(signer, wanted.root);
  const endsLists = signer.signsLists && !wanted.root.signsLists;
  return why === null
    ? { type: 'Replace', pair, endsLists }
    : { type: 'Impossible', why: `${wanted.where} ${why}` };
}

/** Leaves of one are believed wherever those of the other are. */
export function isSameAuthority(one: Root, other: Root): boolean {
  return (
    one.isPlugged === other.isPlugged &&
    one.certificate === other.certificate &&
    // Only a root itself can sign lists of revoked certificates.
    one.signsLists === other.signsLists
  );
}

/** null: it is neither. */
function placeOf({ signer, rotating }: StoredRoots, wanted: Root): 'signer' | 'other' | null {
  if (isSameAuthority(signer, wanted)) return 'signer';
  return rotating !== null && isSameAuthority(rotating.other, wanted) ? 'other' : null;
}

function renewal(before: SecretData, data: SecretData): AuthorityChange {
  const files = Object.keys({ ...before, ...data });
  return files.every((file) => before[file] === data[file]) ? { type: 'None' } : { type: 'Renew', data };
}

/** Why a peer, or Meshwright, could not tell which of them signed a certificate; null: they can. */
function indistinguishable(present: Root, next: Root): string | null {
  const [from, to] = [new X509Certificate(present.issuer), new X509Certificate(next.issuer)];
  if (from.publicKey.equals(to.publicKey) && present.certificate !== next.certificate)
    return 'has the key that signs certificates at present, but another root. Use another key.';
  const [former, root] = [new X509Certificate(present.certificate), new X509Certificate(next.certificate)];
  // OpenSSL finds the root by its name, then by its key identifier.
  const isAmbiguous =
    former.subject === root.subject && !former.raw.equals(root.raw) && mayBeTakenFor(next, former, root);
  return isAmbiguous
    ? 'has a root with the same subject as the present one. Give the root another subject, or both a subject key identifier.'
    : null;
}

/** root: of next. */
function mayBeTakenFor(next: Root, former: X509Certificate, root: X509Certificate): boolean {
  // What an issuer outside signs is not at hand: with a key identifier in both roots it names the one that signed it.
  if (next.chain === null) return !hasKeyId(former) || !hasKeyId(root);
  return topOf(next.chain, next.certificate).checkIssued(former);
}

function hasKeyId({ raw }: X509Certificate): boolean {
  return new x509.X509Certificate(raw).getExtension(x509.SubjectKeyIdentifierExtension) !== null;
}

/** What the root signed. */
function topOf(chain: string, certificate: string): X509Certificate {
  const pems = chain.split(/(?<=-----END CERTIFICATE-----\n)/);
  return new X509Certificate(pems.findLast((pem) => pem !== '') ?? certificate);
}
