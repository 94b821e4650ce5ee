// What is to be done about the pods of one owner. Entries: decideOther, healthAfter. Pure.
import { noRevision } from '../../infra/patches.ts';
import { compareText } from '../../values/compare-text.ts';
import type { Health } from '../rollout/health.ts';
import type { OwnedPod } from './owners.ts';

export type OtherAction =
  /** None of its pods is to have a sidecar, and none has. */
  | { readonly type: 'none' }
  | { readonly type: 'right' }
  /** A pod that was made when it should have come right is wrong all the same: the next would be, too. */
  | { readonly type: 'pointless'; readonly pod: OwnedPod }
  | { readonly type: 'wait' }
  | { readonly type: 'evict'; readonly pod: OwnedPod };

export interface Wish {
  /** The revision that its pods are to have, or `none`. */
  readonly wanted: string;
  /** Whether the pod may be from a time when pods came otherwise. */
  readonly isOld: (uid: string) => boolean;
}

export function decideOther(pods: readonly OwnedPod[], { wanted, isOld }: Wish): OtherAction {
  const staying = pods.filter(({ isStaying }) => isStaying);
  const concerned = staying.filter(({ isLeftAlone }) => !isLeftAlone);
  const wrong = concerned.filter((pod) => isWrong(pod, wanted));
  const [first] = wrong.toSorted((one, other) => compareText(one.ref.name, other.ref.name));
  if (first === undefined)
    return { type: wanted === noRevision || concerned.length === 0 ? 'none' : 'right' };
  const proof = wrong.find(({ ref }) => !isOld(ref.uid));
  if (proof !== undefined) return { type: 'pointless', pod: proof };
  return staying.every(({ isReady }) => isReady) ? { type: 'evict', pod: first } : { type: 'wait' };
}

export function isWrong({ isByPolicy, revision }: OwnedPod, wanted: string): boolean {
  return wanted === noRevision ? isByPolicy : revision !== wanted;
}

/** One that was evicted, and how many pods its owner had. */
export interface Eviction {
  readonly pod: OwnedPod;
  readonly count: number;
}

/** Between the end of a pod and its successor all others are ready: that alone says nothing. */
export function healthAfter(pods: readonly OwnedPod[], { pod, count }: Eviction): Health {
  const isGone = pods.every(({ ref }) => ref.uid !== pod.ref.uid);
  const staying = pods.filter(({ isStaying }) => isStaying);
  const isBack = staying.length >= count && staying.every(({ isReady }) => isReady);
  return { type: isGone && isBack ? 'complete' : 'progressing' };
}
