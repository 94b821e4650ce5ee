// The root in the Secret, as the rotation moves it on. Entry: rotatingRoot.
import type { SecretData, SecretPort } from '../ports/platform.ts';
import type { RotatingRoot } from './authority.ts';
import type { AuthorityChange } from './authority-change.ts';
import type { SeenIssuers } from './requested/seen-issuers.ts';
import { isSameValue } from '../values/same-value.ts';
import { backDateMs, makeRoot, type Root } from './root.ts';
import type { Rotation } from './rotation.ts';
import { issuerId, otherPair, restingData, rotatingData, type StoredRoots } from './stored-roots.ts';

/** What is stored, and what is to become of it. */
export interface Opened {
  readonly data: SecretData;
  readonly roots: StoredRoots;
  readonly change: AuthorityChange;
}

export interface RotatingSettings {
  /** Resolves to false if something else was stored meanwhile. */
  readonly store: (before: SecretData, data: SecretData) => Promise<boolean>;
  readonly seen: SeenIssuers | undefined;
  readonly secrets: SecretPort;
  readonly trustDomain: string;
  readonly now: () => number;
}

export function rotatingRoot(
  { store, seen, trustDomain, now }: RotatingSettings,
  { roots, data: before, change }: Opened,
): RotatingRoot {
  const { signer, rotating, last } = roots;
  const brought = change.type === 'Replace' ? change.pair : null;
  return {
    id: issuerId(signer.issuer),
    issuedMs: signer.notBefore.getTime() + backDateMs,
    notAfterMs: signer.rootNotAfter.getTime(),
    isOurs: signer.isOurs,
    isPlugged: signer.isPlugged,
    isToChange: change.type === 'Replace',
    endsLists: change.type === 'Replace' && change.endsLists,
    rotation: rotating?.rotation ?? null,
    last,
    isOtherValid: rotating === null || canSign(rotating.other, signer, { seen, now }),
    begin: async (rotation) => {
      const other = brought ?? (await makeRoot(trustDomain, now()));
      return store(before, rotatingData(before, other, rotation));
    },
    take: (step) => {
      if (step.type === 'end')
        return store(before, restingData(before, { outcome: step.outcome, atMs: now() }));
      const other = otherPair(before);
      if (!step.swaps) return store(before, rotatingData(before, other, step.rotation));
      const isOutside = rotating !== null && rotating.other.issuerRef !== null;
      const rotation = isOutside ? withLeavesOfIssuer(step.rotation) : step.rotation;
      return store(before, rotatingData(other, before, rotation));
    },
  };
}

/** What has expired signs nothing, nor does a former root of an issuer outside that signs with the other one by now. */
function canSign(other: Root, signer: Root, { seen, now }: Pick<RotatingSettings, 'seen' | 'now'>): boolean {
  if (other.notAfter.getTime() <= now()) return false;
  if (other.issuerRef === null || !isSameValue(other.issuerRef, signer.issuerRef)) return true;
  const root = seen?.of(other.issuerRef)?.root;
  return root === undefined || root === other.certificate;
}

/**
 * When a leaf of an issuer outside was issued, the leaf itself does not tell: issuers date them back as they like. On the way there, whichever of
 * its leaves a sidecar shows was issued in this phase. On the way back it may be older, so that those of the last moments do not count even
 * if they were not dated back.
 */
function withLeavesOfIssuer(rotation: Rotation): Rotation {
  const leavesFromMs = rotation.isBack ? rotation.leavesFromMs + backDateMs : 1;
  return { ...rotation, leavesFromMs };
}
