// What happens to a session, and what it wants done. The server turns bytes into events and effects into bytes.
import type * as wire from '../wire/requests.ts';
import type { TypeUrl } from '../../envoy/proto/type-urls.ts';
import type { Entry } from '../snapshot/types.ts';
import type { View } from './view.ts';

/** Of a known type; who asks was settled when the stream began. */
type Known<Request> = Omit<Request, 'typeUrl' | 'nodeId'> & { readonly typeUrl: TypeUrl };

export type DeltaRequest = Known<wire.DeltaRequest>;
export type SotwRequest = Known<wire.SotwRequest>;

export interface Publish {
  readonly type: 'publish';
  readonly view: View;
  readonly nowMs: number;
  /** Nothing is sent of it until it is published without this: it is not this client's turn. Default: false. */
  readonly isHeld?: boolean;
  /** Nonces are this or more from now on: streams that are sent the same are sent the same bytes. Default: 0. */
  readonly nonceFrom?: number;
}

export type RequestEvent =
  | { readonly type: 'delta'; readonly request: DeltaRequest; readonly nowMs: number }
  | { readonly type: 'sotw'; readonly request: SotwRequest; readonly nowMs: number };

export type SessionEvent = RequestEvent | Publish | { readonly type: 'wake'; readonly nowMs: number };

export interface Send {
  readonly type: 'send';
  readonly typeUrl: TypeUrl;
  readonly nonce: string;
  readonly resources: readonly Entry[];
  /** Delta only. */
  readonly removed: readonly string[];
}

export type Effect =
  | Send
  /** Give the session a `wake` event at that time. */
  | { readonly type: 'wake'; readonly atMs: number }
  | { readonly type: 'acked'; readonly typeUrl: TypeUrl }
  | {
      readonly type: 'nacked';
      readonly typeUrl: TypeUrl;
      readonly message: string;
      /** Names found guilty; empty while they are still looked for. */
      readonly culprits: readonly string[];
    };
