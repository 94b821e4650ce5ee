// The port to the policy by which an API server adds sidecars to pods. platform/kubernetes implements it; only reconcile and uninstall use it.
import type { LabelSelector } from '../objects/objects.ts';

/**
 * NotServed: the API server has no such policies. NotBound: it has, and nobody has installed the binding without which ours would do nothing. NotRun: all is
 * there, and the API server did not run the policy by which that is checked. Bound: a policy of ours works.
 */
export type PolicySupport = 'NotServed' | 'NotBound' | 'NotRun' | 'Bound';

export interface InjectionPolicyPort {
  /** Rejects where it cannot be told: no answer, or no permission to look. */
  support(): Promise<PolicySupport>;
  /** undefined: there is none. */
  read(): Promise<StoredPolicy | undefined>;
  /** Creates or replaces it, once the API server has taken it in a dry run. message: why it did not, in its own words. */
  apply(
    policy: object,
  ): Promise<
    | { readonly type: 'applied'; readonly stored: StoredPolicy }
    | { readonly type: 'refused'; readonly message: string }
  >;
  /** Whether there was one. */
  remove(): Promise<boolean>;
}

export interface StoredPolicy {
  readonly uid: string;
  /** Another one when somebody has changed it. */
  readonly generation: number;
  /** The annotation by which we know what it says. */
  readonly injected: string;
  /** To whose pods it adds sidecars, whatever the Mesh says by now. */
  readonly namespaceSelector: LabelSelector;
}
