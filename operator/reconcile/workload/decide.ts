// Desired against actual → what is to be done. Entry: decide. Pure; whether it may be done yet, the reconciler knows.
import type { CertificateSource } from '../../infra/certificate-volume.ts';
import type { SidecarPart } from '../../infra/sidecar.ts';
import { injectedKey } from '../../values/own-names.ts';
import type { Refusal } from '../../infra/preflight.ts';
import type { Actual } from './actual.ts';
import type { Desired } from './desired.ts';

export type Action =
  | { readonly type: 'none' }
  /** As far as can be seen it is right: a dry run tells whether it is. */
  | { readonly type: 'verify'; readonly part: SidecarPart; readonly certificates: CertificateSource }
  | Write
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

export function decide(
  desired: Desired,
  actual: Actual,
  memory: { /** We have seen it with our part. */ readonly wasInjected: boolean },
): Action {
  switch (desired.type) {
    case 'absent':
      return actual.hasAny ? { type: 'remove' } : { type: 'none' };
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
