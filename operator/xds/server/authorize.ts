// Who is on the stream: the certificate proves an identity, the node id claims a workload, and the two have to
// fit. A proxy may only ask as the workload it is.
import { status } from '@grpc/grpc-js';
import { quoted } from './quoted.ts';
import { parseNodeId, workloadKey } from '../../values/node-id.ts';

export interface PeerIdentity {
  /** The URI SAN of the verified client certificate; null where the transport is plaintext. */
  readonly spiffeId: string | null;
}

export type Authorization =
  | { readonly type: 'allowed'; readonly workload: string }
  /** A workload the operator has not seen yet, or not there: it waits, until it is known or the stream ends. */
  | { readonly type: 'unknown'; readonly workload: string; readonly reason?: string }
  | { readonly type: 'denied'; readonly code: status; readonly message: string };

/**
 * `identityOf`: the SPIFFE id a workload has to prove, undefined while it is unknown.
 * `isTransportSecure`: false in tests and benchmarks over plaintext, where nothing can be proven.
 */
export function authorize(
  nodeId: string,
  peer: PeerIdentity,
  identityOf: (workload: string) => string | undefined,
  isTransportSecure: boolean,
): Authorization {
  const node = parseNodeId(nodeId);
  if (node === null) {
    return denied(
      status.INVALID_ARGUMENT,
      `node.id must be <Kind>~<namespace>~<name>~<uid>, got ${quoted(nodeId)}`,
    );
  }
  const workload = workloadKey(node);
  const expected = identityOf(workload);
  if (!isTransportSecure) return { type: expected === undefined ? 'unknown' : 'allowed', workload };
  if (peer.spiffeId === null)
    return denied(status.UNAUTHENTICATED, 'the client certificate has no SPIFFE id');
  if (expected === undefined) {
    if (peer.spiffeId.includes(`/ns/${node.namespace}/sa/`)) return { type: 'unknown', workload };
  } else if (peer.spiffeId === expected) return { type: 'allowed', workload };
  return denied(status.PERMISSION_DENIED, `${peer.spiffeId} may not ask as ${workload}`);
}

/** Namespace and service account are the same; the trust domain may be on its way to another one. */
export function isSameAccount(before: string | null, now: string | undefined): boolean {
  return before === null || now === undefined || accountIn(before) === accountIn(now);
}

function accountIn(spiffeId: string): string {
  return spiffeId.slice(Math.max(0, spiffeId.indexOf('/ns/')));
}

function denied(code: status, message: string): Authorization {
  return { type: 'denied', code, message };
}

/**
 * The SPIFFE id in a subjectAltName as node:tls prints it: the only URI, as an X.509-SVID has just one. Values with
 * characters that could be mistaken for the list's own come in double quotes, and are none of ours.
 */
export function spiffeIdOf(subjectAltName: string | undefined): string | null {
  const unquoted = (subjectAltName ?? '').replaceAll(/"(?:[^"\\]|\\.)*"/g, '""');
  const uris = unquoted.split(', ').filter((it) => it.startsWith('URI:'));
  const only = uris.length === 1 ? uris[0]?.slice('URI:'.length) : undefined;
  return only?.startsWith('spiffe://') === true ? only : null;
}
