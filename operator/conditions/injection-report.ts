// Who adds sidecars, and why. Pure.
import type { PolicySupport } from '../ports/injection-policy-port.ts';

export interface InjectionReport {
  /** null: nobody has looked yet. */
  readonly support: PolicySupport | null;
  /** Policy: the API server, to pods as they are created. Template: Meshwright, to pod templates. null: not known yet. */
  readonly way: 'Policy' | 'Template' | null;
  /** Why the API server does not take the policy; '' if it does. */
  readonly refusal: string;
  /** Why nobody knows, so that the way stays what it was last; '' if it is known. */
  readonly doubt: string;
}

export const notLooked: InjectionReport = { support: null, way: null, refusal: '', doubt: '' };
