// Desired against actual → what is to be done. Entry: decide. Pure; whether it may be done yet, the reconciler knows.
import type { CertificateSource } from '../../infra/certificate-volume.ts';
import type { SidecarPart } from '../../infra/sidecar.ts';
import { injectedKey } from '../../values/own-names.ts';
import { noRevision } from '../../infra/patches.ts';
import type { Refusal } from '../../infra/preflight.ts';
import type { PodFacts } from '../pods.ts';
import type { Actual } from './actual.ts';
import type { Desired } from './desired.ts';

export type Action =
  | { readonly type: 'none' }
  /** As far as can be seen it is right: a dry run tells whether it is. */
  | { readonly type: 'verify'; readonly part: SidecarPart; readonly certificates: CertificateSource }
  | Write
  | Roll
  | { readonly type: 'remove' }
  | {
      readonly type: 'refuse';
      readonly refusals: readonly [Refusal, ...Refusal[]];
      /** It got our part before the reason came up: its pods would not work. */
      readonly mustRemove: boolean;
    };

export interface Write {
  readonly type: 'write';
  /**
   * inject: for the first time. update: the user wants something else. restore: somebody took a part of it away.
   * tidy: no pod is made anew.
   */
  readonly why: 'inject' | 'update' | 'restore' | 'tidy';
  readonly part: SidecarPart;
  readonly certificates: CertificateSource;
  /** Two requests: ours first, then the user's names given back. */
  readonly needsOrder: boolean;
}

/** New pods, for which the API server adds the sidecar, or no longer does. */
export interface Roll {
  readonly type: 'roll';
  /** inject: they have none. update: they have another one. leave: they are to have none. */
  readonly why: 'inject' | 'update' | 'leave';
  /** Pods of the present template did not come as they are to be. */
  readonly isAgain: boolean;
  /** Of the template from then on. */
  readonly restarted: string;
  /** The template still has our part. */
  readonly removesPart: boolean;
  /** What new pods wait for. null: nothing. */
  readonly certificates: CertificateSource | null;
}

export interface PodMemory {
  /** We have seen it with our part. */
  readonly wasInjected: boolean;
  /** Those of the workload that are there to stay; none of a workload that does not replace its pods by itself. */
  readonly pods: readonly PodFacts[];
}

export function decide(desired: Desired, actual: Actual, memory: PodMemory): Action {
  switch (desired.type) {
    case 'absent':
      return actual.hasAny ? { type: 'remove' } : leave(actual, memory.pods);
    case 'byPolicy':
      return decideByPolicy(desired, actual, memory.pods);
    case 'refused':
      return { type: 'refuse', refusals: desired.refusals, mustRemove: actual.hasAny };
    case 'present':
      return decidePresent(desired, actual, memory.wasInjected);
  }
}

function decidePresent(
  { part, certificates }: Extract<Desired, { type: 'present' }>,
  actual: Actual,
  wasInjected: boolean,
): Action {
  const write = (why: Write['why']): Write => {
    const needsOrder = !actual.isFirst && actual.userInitContainers.length > 0;
    return { type: 'write', why, part, certificates, needsOrder };
  };
  const [settings, rendering] = (part.annotations[injectedKey] ?? '').split('.');
  if (!actual.hasAny) return write(wasInjected ? 'restore' : 'inject');
  if (actual.fingerprints !== undefined && actual.fingerprints.settings !== settings) return write('update');
  if (actual.fingerprints === undefined || !actual.isWhole || !actual.isFirst) return write('restore');
  if (actual.ownsForeign || !actual.isLabelled) return write('tidy');
  // Rendered by another version of the operator: it stays, for that alone rolls nobody.
  return actual.fingerprints.rendering === rendering
    ? { type: 'verify', part, certificates }
    : { type: 'none' };
}

function decideByPolicy(
  { revision, certificates }: Extract<Desired, { type: 'byPolicy' }>,
  actual: Actual,
  pods: readonly PodFacts[],
): Action {
  if (actual.hasAny)
    return {
      type: 'roll',
      why: 'update',
      isAgain: false,
      restarted: revision,
      removesPart: true,
      certificates,
    };
  const wrong = pods.filter((pod) => pod.revision !== revision);
  const why = wrong.some((pod) => pod.revision === undefined) ? 'inject' : 'update';
  return rollOf(wrong, actual, { wanted: revision, why, certificates });
}

/** Pods keep what the API server added to them, until they are replaced. */
function leave(actual: Actual, pods: readonly PodFacts[]): Action {
  const wrong = pods.filter(({ isByPolicy }) => isByPolicy);
  return rollOf(wrong, actual, { wanted: noRevision, why: 'leave', certificates: null });
}

/** Pods carry the annotation and the label of the template that they were made from: those of another one than the present are being replaced. */
function rollOf(
  pods: readonly PodFacts[],
  { restarted, optOut }: Actual,
  { wanted, why, certificates }: Pick<Roll, 'why' | 'certificates'> & { readonly wanted: string },
): Action {
  // Whoever opts in or out changes the template, which makes new pods anyway.
  const wrong = pods.filter((pod) => pod.optOut === optOut);
  if (wrong.length === 0) return { type: 'none' };
  const [revision, count = '0'] = (restarted ?? '').split('.');
  const roll = { type: 'roll', why, removesPart: false, certificates } as const;
  if (revision !== wanted) return { ...roll, isAgain: false, restarted: wanted };
  if (!wrong.some((pod) => pod.restarted === restarted)) return { type: 'none' };
  return { ...roll, isAgain: true, restarted: `${wanted}.${Number.parseInt(count, 10) + 1}` };
}
