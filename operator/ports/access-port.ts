// Who may look at the dashboard: asked of the cluster, for each token.

export interface AccessPort {
  /** Whose token it is, and whether they may. Rejects if the API server cannot be asked. */
  review(token: string): Promise<AccessReview>;
}

export type AccessReview =
  | { readonly type: 'unauthenticated' }
  | { readonly type: 'forbidden'; readonly user: string }
  | { readonly type: 'allowed'; readonly user: string };
