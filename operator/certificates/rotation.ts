// The rotation of the root, step by step: what holds in each phase, and when the next one begins. Pure: it knows no Secret, no proxy
// and no clock. Entries: isRotationDue, beginRotation, nextStep.

import type { PresentedLeaf } from '../values/presented-leaf.ts';
import type { RootRotationIr } from '../ir/mesh-ir.ts';

/**
 * Prepare: there is another root, which nobody uses. TrustBoth: sidecars are told to trust both. Switch: leaves are signed by the other
 * root. Retire: sidecars are told to forget the former one.
 */
export type RotationPhase = 'Prepare' | 'TrustBoth' | 'Switch' | 'Retire';

/**
 * One root signs leaves; until Switch the other one is on its way in, from then on it is on its way out. At Switch they change places.
 * Going back is a rotation in the other direction.
 */
export interface Rotation {
  readonly phase: RotationPhase;
  /** It was aborted, and goes back to the root from which it came. */
  readonly isBack: boolean;
  readonly startedMs: number;
  /** When this phase began, in ms since 1970. */
  readonly sinceMs: number;
  /**
   * In Switch: leaves issued before do not count, whoever signed them, as a pod may still be about to read a later one of the other root.
   * Whole seconds in ms since 1970.
   */
  readonly leavesFromMs: number;
  /** Who signs the operator's own certificate: the root that the files of all sidecars are known to hold. */
  readonly ownSigner: 'signer' | 'other';
}

export interface ProxyProof {
  /** `Pod/shop/reviews-v1-abc` */
  readonly workload: string;
  /** null: it is connected, or nobody knows. */
  readonly missingSince: Date | null;
  readonly isConnected: boolean;
  /** It has acknowledged the roots that are published, and runs no others. */
  readonly hasPublishedTrust: boolean;
  /** Of the connection that it has, or had last; null: unknown. */
  readonly leaf: PresentedLeaf | null;
}

/** What is known of the sidecars. */
export interface Evidence {
  /** PEM of the roots that sidecars are told to trust by now; null: nothing is published. */
  readonly publishedTrust: string | null;
  /** Of every sidecar that may run. */
  readonly proxies: readonly ProxyProof[];
}

/** What the phase asks for. */
export interface Wanted {
  /** PEM of the roots that sidecars are to trust in this phase. */
  readonly trust: string;
  /** Id of the root that signs leaves. */
  readonly signer: string;
}

export type Obstacle =
  /** Sidecars that have not done what the phase asks for. */
  | { readonly type: 'proxies'; readonly proxies: readonly ProxyProof[] }
  /** The operator itself is not ready. */
  | { readonly type: 'operator' };

export type Step =
  | { readonly type: 'wait'; readonly obstacle: Obstacle }
  /** swaps: signer and other change places. */
  | { readonly type: 'go'; readonly rotation: Rotation; readonly swaps: boolean }
  /** The other root is forgotten. */
  | { readonly type: 'end'; readonly outcome: 'Completed' | 'Aborted' };

export interface Situation {
  readonly now: number;
  readonly isAborted: boolean;
  readonly wanted: Wanted;
  readonly evidence: Evidence;
  /** Operators and lists of revoked certificates are as the phase needs them. */
  readonly isOperatorReady: boolean;
}

/** Of a root that signs. */
export interface RootFacts {
  /** Milliseconds since 1970. */
  readonly issuedMs: number;
  readonly notAfterMs: number;
  /** Meshwright made it. */
  readonly isOurs: boolean;
  /** It comes from a Secret that the Mesh names or named. */
  readonly isPlugged: boolean;
  /** The Mesh asks for another authority, which is there. */
  readonly isToChange: boolean;
}

/** When a root will be due because it expires soon, in ms since 1970; undefined: never. */
export function dueByAgeMs({ isOurs, notAfterMs }: RootFacts, wish: RootRotationIr): number | undefined {
  return isOurs && wish.mode === 'Proceed' ? notAfterMs - wish.renewBeforeMs : undefined;
}

/**
 * Whether a rotation is to begin: the Mesh asks for another authority, or the root is too old, or will expire soon. A root that a user brought
 * is never replaced unasked, and one from a Secret only by what that Secret holds.
 */
export function isRotationDue(facts: RootFacts, wish: RootRotationIr, now: number): boolean {
  const { mode, issuedAfterMs } = wish;
  if (mode === 'Abort') return false;
  if (facts.isToChange || facts.isPlugged) return facts.isToChange;
  // Certificates know whole seconds only.
  const isAsked = issuedAfterMs !== null && issuedAfterMs <= now;
  if (isAsked && facts.issuedMs < Math.floor(issuedAfterMs / 1000) * 1000) return true;
  return (dueByAgeMs(facts, wish) ?? Infinity) <= now;
}

export function beginRotation(now: number): Rotation {
  const times = { startedMs: now, sinceMs: now, leavesFromMs: 0 };
  return { phase: 'Prepare', isBack: false, ...times, ownSigner: 'signer' };
}

/** Sidecars are told to trust the root that signs, and in these phases the other one, too. */
export function trustsBoth({ phase }: Pick<Rotation, 'phase'>): boolean {
  return phase === 'TrustBoth' || phase === 'Switch';
}

/** Never goes on because time has passed. */
export function nextStep(rotation: Rotation, situation: Situation): Step {
  if (situation.isAborted && !rotation.isBack) return abort(rotation, situation.now);
  const proxies = holdersOf(rotation, situation.wanted, situation.evidence);
  if (proxies.length > 0) return wait({ type: 'proxies', proxies });
  if (!situation.isOperatorReady || !isPublished(rotation, situation)) return wait({ type: 'operator' });
  return forward(rotation, situation.now);
}

/** Sidecars that keep the rotation from going on. */
export function holdersOf(rotation: Rotation, wanted: Wanted, evidence: Evidence): readonly ProxyProof[] {
  if (rotation.phase === 'Prepare') return [];
  const late = new Set(leafHolders(rotation, wanted, evidence));
  return evidence.proxies.filter((it) => !it.hasPublishedTrust || late.has(it));
}

/** In Switch, sidecars that have not shown a certificate that counts. */
export function leafHolders(
  { phase, leavesFromMs }: Rotation,
  { signer }: Wanted,
  { proxies }: Evidence,
): readonly ProxyProof[] {
  if (phase !== 'Switch') return [];
  return proxies.filter(({ leaf }) => leaf === null || leaf.root !== signer || leaf.issuedMs < leavesFromMs);
}

function isPublished({ phase }: Rotation, { wanted, evidence }: Situation): boolean {
  return phase === 'Prepare' || evidence.publishedTrust === wanted.trust;
}

function forward(rotation: Rotation, now: number): Step {
  switch (rotation.phase) {
    case 'Prepare':
      return go(rotation, { phase: 'TrustBoth' }, now);
    case 'TrustBoth':
      // The root that signed until now is in the files of all sidecars; of the other one nobody knows yet.
      return {
        ...go(rotation, { phase: 'Switch', leavesFromMs: nextSecond(now), ownSigner: 'other' }, now),
        swaps: true,
      };
    case 'Switch':
      // Each sidecar has shown a leaf that came with a file of both roots.
      return go(rotation, { phase: 'Retire', ownSigner: 'signer' }, now);
    case 'Retire':
      return { type: 'end', outcome: rotation.isBack ? 'Aborted' : 'Completed' };
  }
}

function abort(rotation: Rotation, now: number): Step {
  switch (rotation.phase) {
    case 'Prepare':
      return { type: 'end', outcome: 'Aborted' };
    case 'TrustBoth':
      // No leaf of the other root was ever issued.
      return go(rotation, { phase: 'Retire', isBack: true }, now);
    case 'Switch': {
      const ownSigner = rotation.ownSigner === 'other' ? 'signer' : 'other';
      const back = { isBack: true, leavesFromMs: nextSecond(now), ownSigner } as const;
      return { ...go(rotation, back, now), swaps: true };
    }
    case 'Retire':
      // Some sidecars may already have forgotten the root that is to come back.
      return go(rotation, { phase: 'TrustBoth', isBack: true }, now);
  }
}

function go(rotation: Rotation, change: Partial<Rotation>, now: number): Step & { readonly type: 'go' } {
  return { type: 'go', rotation: { ...rotation, ...change, sinceMs: now }, swaps: false };
}

function wait(obstacle: Obstacle): Step {
  return { type: 'wait', obstacle };
}

/** Certificates know whole seconds only: all that were issued until now are of an earlier one. */
function nextSecond(ms: number): number {
  return Math.floor(ms / 1000) * 1000 + 1000;
}
