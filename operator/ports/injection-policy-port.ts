// The port to the policy by which an API server adds sidecars to pods. platform/kubernetes implements it; only reconcile and uninstall use it.

/**
 * NotServed: the API server has no such policies. NotBound: it has, and nobody has installed the binding without which ours would do nothing. Bound: a policy
 * of ours works.
 */
export type PolicySupport = 'NotServed' | 'NotBound' | 'Bound';

export interface InjectionPolicyPort {
  support(): Promise<PolicySupport>;
  /** Creates or replaces it, once the API server has taken it in a dry run. message: why it did not, in its own words. */
  apply(
    policy: object,
  ): Promise<{ readonly type: 'applied' } | { readonly type: 'refused'; readonly message: string }>;
  /** Also if there is none. */
  remove(): Promise<void>;
}
