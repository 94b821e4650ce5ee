// Who adds sidecars to pods that no template of ours makes, and why nobody does. Pure.
import type { PolicySupport } from '../ports/injection-policy-port.ts';

export interface InjectionReport {
  /** null: nobody has looked yet. */
  readonly support: PolicySupport | null;
  /** Pods that are created from now on get a sidecar. */
  readonly isInForce: boolean;
  /** Why the API server does not take the policy; '' if it does. */
  readonly refusal: string;
}

export const notLooked: InjectionReport = { support: null, isInForce: false, refusal: '' };
