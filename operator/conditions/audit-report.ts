// Whom the rules of a policy on trial would refuse: for its status, and for metrics.

/** Of a policy whose enforcement is Audit, or was until a short time ago. */
export interface AuditReport {
  /** `shop/reviews`: namespace/name. */
  readonly policy: string;
  /** Audit: it is on trial. Enforce: it was, and this is what was seen in the end. */
  readonly enforcement: 'Audit' | 'Enforce';
  /** Since when is counted, in ms since 1970; null: the last hour. */
  readonly sinceMs: number | null;
  /** All that the rules would have refused, of all callers. */
  readonly requests: number;
  /** Different callers; those without an identity count by address. */
  readonly callers: number;
  /** Those with the most requests, at most ten. */
  readonly refusals: readonly AuditRefusal[];
  /** Of the HTTP ports that the policy protects. */
  readonly sidecars: { readonly reporting: number; readonly all: number };
}

export interface AuditRefusal {
  /** A SPIFFE ID, an IP address, or `other` and `other addresses` of more than are told apart. */
  readonly caller: string;
  /** Who has that address: `Pod shop/curl`, `Node worker-1`; null: nobody who is known, or the caller has an identity. */
  readonly object: string | null;
  /** '' or `other`: of more than are told apart. */
  readonly port: string;
  /** Name of the Deny rule; '' if no Allow rule matches. */
  readonly rule: string;
  /** Methods and paths of these requests, the most frequent first: at most three. */
  readonly routes: readonly string[];
  readonly requests: number;
  /** In ms since 1970, to ten seconds. */
  readonly lastMs: number;
}
