// What clients ask for, as small typed objects. Bytes come from the network, before anybody knows from whom: every message is
// read in time linear in its size, and what is kept of it is bounded. Pure. The client's side is in test/support.
import type { ErrorDetail } from './fields.ts';
import type { InitialVersions } from './initial-resource-versions.ts';

interface AnyRequest {
  /** Claimed, not proven: that is what the certificate of the stream is for. null on all but the first request, from most clients. */
  readonly nodeId: string | null;
  /** As sent: it may be none of ours, or empty. */
  readonly typeUrl: string;
  /** Of the response this one acknowledges or refuses; empty when it answers none. */
  readonly nonce: string;
  /** Not null: the response was refused. */
  readonly error: ErrorDetail | null;
}

export interface DeltaRequest extends AnyRequest {
  readonly subscribe: readonly string[];
  readonly unsubscribe: readonly string[];
  /** What the client kept from an earlier stream. */
  readonly initialVersions: InitialVersions;
}

/** A state-of-the-world request. */
export interface SotwRequest extends AnyRequest {
  readonly names: readonly string[];
  readonly versionInfo: string;
}
