// How much of the quotas of a policy is used, and by whom: for its status and the dashboard.

/** Of a quota at a Service, in its present period. */
export interface QuotaReport {
  /** `shop/reviews`: namespace/name. */
  readonly policy: string;
  /** Name of the quota in the policy. */
  readonly quota: string;
  /** `shop/ratings`: namespace/name. */
  readonly service: string;
  /** Header that says how many units of the quota a request takes; null: each takes one. */
  readonly costHeader: string | null;
  /** When the period began, in ms since 1970. */
  readonly sinceMs: number;
  /** Units. */
  readonly admitted: number;
  /** Requests. */
  readonly refused: number;
  /** Different callers, values or paths; 1 if the quota does not tell requests apart. */
  readonly keys: number;
  /** Those with the most requests, at most five. Empty if the quota does not tell requests apart. */
  readonly users: readonly QuotaUser[];
}

export interface QuotaUser {
  /** A SPIFFE ID or an address, the value of the header, or the path; in words for requests without one, and for all beyond those that are told apart. */
  readonly key: string;
  readonly admitted: number;
  readonly refused: number;
}
