// Who is on a stream: its certificate, the node id it claims and the address it comes from, against what the workload has to prove.
import { parseNodeId } from '../../values/node-id.ts';
import { authorize, isSameAccount, spiffeIdOf, type Authorization } from './authorize.ts';
import type { AdsServerOptions } from './options.ts';
import { sourceMismatch } from './source-address.ts';
import type { Call } from './raw-call.ts';

/** Who calls: its connection says so. */
export interface Caller {
  readonly call: Pick<Call, 'getAuthContext'>;
  /** Address and port. */
  readonly peer: string;
}

interface Known extends Caller {
  readonly nodeId: string;
  readonly identity: string | null;
}

export interface AuthorizeOptions extends Pick<AdsServerOptions, 'identityOf' | 'sourceOf'> {
  /** False in tests and benchmarks over plaintext, where nothing can be proven. */
  readonly isTransportSecure: boolean;
}

export function authorizeStream(stream: Caller, nodeId: string, options: AuthorizeOptions): Authorization {
  const { identityOf, isTransportSecure } = options;
  const certificate = stream.call.getAuthContext()?.sslPeerCertificate;
  const peer = { spiffeId: spiffeIdOf(certificate?.subjectaltname) };
  const decision = authorize(nodeId, peer, identityOf, isTransportSecure);
  if (decision.type !== 'allowed') return decision;
  const reason = sourceMismatchOf(stream, nodeId, decision.workload, options);
  // What is known of a pod may be a moment old.
  return reason === null ? decision : { type: 'unknown', workload: decision.workload, reason };
}

/** Why a stream that was authorized before may not go on; null: it may. */
export function noLongerAuthorized(
  stream: Known,
  workload: string,
  options: AuthorizeOptions,
): string | null {
  if (!isSameAccount(stream.identity, options.identityOf(workload)))
    return 'the workload has another service account by now';
  return sourceMismatchOf(stream, stream.nodeId, workload, options);
}

function sourceMismatchOf(
  { peer }: Caller,
  nodeId: string,
  workload: string,
  { sourceOf }: AuthorizeOptions,
): string | null {
  const node = parseNodeId(nodeId);
  const source = sourceOf?.(workload);
  return node === null || source === undefined ? null : sourceMismatch(node, peer, source);
}
