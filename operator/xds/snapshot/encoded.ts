// A resource checked and encoded. Pure, but for its memory: a message is looked at once.
import { hash } from 'node:crypto';
import { isSameValue } from '../../values/same-value.ts';
import { copyToSlab } from './slab.ts';
import type { TypeUrl } from '../../envoy/proto/type-urls.ts';
import type { EnvoyMessage } from '../../envoy/proto/envoy-message.ts';
import type { XdsResource } from '../../envoy/resources/xds-resource.ts';

export interface SnapshotTools {
  /** Bytes of the google.protobuf.Any; throws on a message that is not of its type. Deterministic. */
  readonly encodeAny: (typeUrl: TypeUrl, message: EnvoyMessage) => Uint8Array;
  /** Violations in the user's words; empty if Envoy will take it, as far as we know. */
  readonly check: (typeUrl: TypeUrl, message: EnvoyMessage) => readonly string[];
}

export interface Encoded {
  readonly any: Uint8Array;
  readonly version: string;
  readonly problems: readonly string[];
}

const encodings = new WeakMap<EnvoyMessage, Encoded>();
const noBytes = new Uint8Array();

/** Resources may share a message: it is checked and encoded once for all of them. */
export function encodedOf({ typeUrl, message }: XdsResource, tools: SnapshotTools): Encoded {
  let encoded = encodings.get(message);
  if (encoded === undefined) encodings.set(message, (encoded = encodeMessage(typeUrl, message, tools)));
  return encoded;
}

/**
 * From a message that may say the same: a Service whose endpoints changed has a new cluster and a new virtual host that are what they were. To compare
 * is cheaper than to check and to encode.
 */
export function takeEncoding(message: EnvoyMessage, old: EnvoyMessage): void {
  const known = encodings.get(old);
  if (known !== undefined && isSameValue(old, message)) encodings.set(message, known);
}

function encodeMessage(typeUrl: TypeUrl, message: EnvoyMessage, tools: SnapshotTools): Encoded {
  try {
    const problems = tools.check(typeUrl, message);
    if (problems.length > 0) return { any: noBytes, version: '', problems };
    const any = copyToSlab(tools.encodeAny(typeUrl, message));
    return { any, version: hash('sha256', any, 'base64url').slice(0, 16), problems };
  } catch (error) {
    const problems = [error instanceof Error ? error.message : String(error)];
    return { any: noBytes, version: '', problems };
  }
}
