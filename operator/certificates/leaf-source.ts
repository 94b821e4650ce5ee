// Where leaves come from: signed here by a key, or by an issuer outside. Entries: leavesOf, certifierOf, ownSigner.
import type { SecretPort } from '../ports/platform.ts';
import type { Authority, OwnSigner, Signer } from './authority.ts';
import { certifyKey, signLeaf } from './leaf.ts';
import { issuerName } from './requested/issuer-name.ts';
import { issueOwn } from './requested/own-leaf.ts';
import { IssuerTrouble } from './requested/trouble.ts';
import type { AskSettings } from './requested/wanted-issuer.ts';
import type { Root } from './root.ts';
import type { StoredRoots } from './stored-roots.ts';

interface SourceSettings extends AskSettings {
  readonly secrets: SecretPort;
}

export function signerOf({ signer, rotating }: StoredRoots): Signer {
  const { issuer, chain, notAfter } = signer;
  const leavesFromMs = rotating?.rotation.phase === 'Switch' ? rotating.rotation.leavesFromMs : 0;
  return { issuer, chain, notAfter, leavesFromMs };
}

export function leavesOf(roots: StoredRoots, settings: SourceSettings): Authority['issue'] {
  const { asking, namespace, now } = settings;
  const { signer } = roots;
  const { leavesFromMs } = signerOf(roots);
  return async (request) => {
    // It may be a moment until leaves count that are issued then; they end no later for that.
    const aheadMs = Math.max(0, leavesFromMs - now());
    if (signer.issuerRef === null)
      return signLeaf(signer, { ...request, ttlMs: request.ttlMs - aheadMs }, now() + aheadMs);
    const where = issuerName(signer.issuerRef, namespace);
    if (asking === undefined) throw new IssuerTrouble('Refused', where, `${where} cannot be asked here.`);
    // It would be issued now, whatever was wished for.
    if (aheadMs > 0)
      throw new IssuerTrouble(
        'Slow',
        where,
        `A certificate of ${where} that is issued before ${new Date(leavesFromMs).toISOString()} would prove nothing in this phase of the rotation.`,
      );
    return asking.requester.issue(signer.issuerRef, request, [signer.certificate]);
  };
}

/** For keys of others: an issuer outside would want a request that is signed with the key. */
export function certifierOf(roots: StoredRoots, settings: SourceSettings): Authority['certify'] {
  const { namespace, now } = settings;
  const { signer } = roots;
  const { leavesFromMs } = signerOf(roots);
  return (request) => {
    if (signer.issuerRef === null)
      return certifyKey(signer, request, now() + Math.max(0, leavesFromMs - now()));
    const where = issuerName(signer.issuerRef, namespace);
    const message = `${where} signs certificates, and cannot sign pod certificates.`;
    return Promise.reject(new IssuerTrouble('Refused', where, message));
  };
}

export function ownSigner({ signer, rotating }: StoredRoots, settings: SourceSettings): OwnSigner {
  const root = rotating?.rotation.ownSigner === 'other' ? rotating.other : signer;
  const { issuer, chain, notAfter } = root;
  const others = otherRoots(root, { signer, rotating });
  return {
    issuer,
    chain,
    notAfter,
    issue: (request) =>
      root.issuerRef === null
        ? signLeaf(root, request, settings.now())
        : issueOwn(root, request, { others, settings }),
  };
}

function otherRoots(root: Root, { signer, rotating }: Pick<StoredRoots, 'signer' | 'rotating'>): string[] {
  const all = rotating === null ? [signer] : [signer, rotating.other];
  return all.filter((it) => it !== root).map(({ certificate }) => certificate);
}
