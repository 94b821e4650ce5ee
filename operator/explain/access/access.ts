// What is said about access: whether the sidecar of a server lets a call in, and why.
import type { Source } from '../sources.ts';

/** At one sidecar. */
export interface Access {
  /** The identity that the sidecar sees, by mutual TLS; null: the connection is plaintext. */
  readonly identity: string | null;
  readonly verdict: Verdict;
  /** Null: tokens are not looked at. */
  readonly token: TokenSeen | null;
  /** Rules on trial that would refuse what the rules in force let in. */
  readonly onTrial: readonly Trial[];
}

export type Verdict =
  /** rule: `shop/reviews/from-page`: namespace/policy/rule; null: nobody is refused there. */
  { readonly type: 'Allowed'; readonly rule: string | null } | Refused | Undecided;

export interface Undecided {
  readonly type: 'Undecided';
  /** External authorizers that are asked, in this order: `shop/reviews/external-authorizer`. */
  readonly asks: readonly string[];
  /** What explain cannot say, as full sentences. */
  readonly reason: string;
}

export interface Refused {
  readonly type: 'Refused';
  readonly by: RefusedBy;
  /** Null: the connection is closed, or its handshake fails. */
  readonly status: number | null;
  /** Null: no rule by itself. */
  readonly rule: string | null;
}

/**
 * Mtls: plaintext where mutual TLS is needed. Deny: a rule matches. Allow: no rule matches. Authorizer: the path is one about which an
 * external authorizer is not asked.
 */
export type RefusedBy = 'Mtls' | 'Identity' | 'Token' | 'Deny' | 'Allow' | 'Authorizer';

export interface Trial {
  readonly by: 'Deny' | 'Allow';
  /** Null: no Allow rule matches. */
  readonly rule: string | null;
  /** False: it depends on something that explain cannot say. */
  readonly isCertain: boolean;
}

export interface TokenSeen {
  /** Those whose tokens are accepted. */
  readonly issuers: readonly TokenIssuer[];
  /** Policies of which each needs a token of one of its own issuers for this request: `shop/tokens`. Empty: none is needed. */
  readonly requiredBy: readonly string[];
  readonly sent: 'None' | 'Valid' | 'Invalid';
  /** Why it is invalid, as a full sentence; '' if it is not. */
  readonly problem: string;
  /** Where browsers that load a page without a session are sent to log in; null: nowhere. */
  readonly loginAt: string | null;
}

export interface TokenIssuer {
  /** `shop/tokens/company`: namespace/policy/provider. */
  readonly id: string;
  readonly issuer: string;
  /** A token needs one of them; empty: it needs none. */
  readonly audiences: readonly string[];
  /** `header authorization after "Bearer "`, `cookie session`, `query parameter token` */
  readonly places: readonly string[];
}

export interface AccessAtServers {
  /** Null: there is no sidecar, and whoever connects is let in as far as the mesh decides it. */
  readonly access: Access | null;
  /** Those of the endpoints where it is so; null: all. */
  readonly endpoints: readonly string[] | null;
  /** Who says so; empty: nobody. */
  readonly sources: readonly Source[];
}
