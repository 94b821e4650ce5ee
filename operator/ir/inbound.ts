// The inbound side: a port of a workload as its sidecar guards it.
import type { Origin } from './origin.ts';

export interface InboundPortIr {
  /** Where peers connect. */
  readonly port: number;
  /** Not intercepted: the address the sidecar listens on (at port); null when intercepted. */
  readonly listenAddress: string | null;
  /** Not intercepted: where the application listens; null when intercepted (the original destination). */
  readonly application: { readonly address: string; readonly port: number } | null;
  readonly protocol: 'HTTP' | 'TCP';
  readonly mtls: MtlsModeIr;
  readonly authorization: AuthorizationIr;
  /** What the kubelet asks here, in plaintext and without an identity: let through whatever the rest says. */
  readonly probes: readonly ProbeIr[];
  /** The workload and every policy that shapes this port. */
  readonly origins: readonly Origin[];
}

/** A request of exactly this method and path; the query does not matter. */
export interface ProbeIr {
  readonly method: 'GET' | 'POST';
  readonly path: string;
}

/** Permissive: mutual TLS and plaintext. Strict: mutual TLS only. Disabled: plaintext only. */
export type MtlsModeIr = 'Permissive' | 'Strict' | 'Disabled';

/**
 * Deny rules first: any match refuses. Then, if allow is not null, a match is needed. Rules sorted by id.
 * allow: [] refuses everything.
 */
export interface AuthorizationIr {
  readonly deny: readonly RuleIr[];
  readonly allow: readonly RuleIr[] | null;
}

export interface RuleIr {
  /** `shop/reviews/from-productpage`: namespace/policy/rule, shown in refusals' logs. */
  readonly id: string;
  /** Any of them; empty means anyone, authenticated or not. */
  readonly from: readonly SourceIr[];
  /** Any of them; empty means any request. Not looked at on TCP ports (translate has dealt with it). */
  readonly to: readonly OperationIr[];
}

/** A caller: any of the SPIFFE ids, or any identity under one of the prefixes. Needs mutual TLS to match. */
export interface SourceIr {
  readonly spiffeIds: readonly string[];
  /** `spiffe://cluster.local/ns/shop/`, ending in a slash. */
  readonly spiffePrefixes: readonly string[];
}

/** Method and path must both match; an empty list matches any. */
export interface OperationIr {
  readonly methods: readonly string[];
  readonly paths: readonly { readonly type: 'Exact' | 'Prefix'; readonly value: string }[];
}
