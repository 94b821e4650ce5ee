// Who is on a stream: its certificate, the node id it claims and the address it comes from, against what the workload has to prove.
import { parseNodeId } from '../../values/node-id.ts';
import { authorize, isSameAccount, spiffeIdOf, type Authorization } from './authorize.ts';
import type { AdsServerOptions } from './options.ts';
import { misplacement } from './place.ts';
import type { Stream } from './stream.ts';

type Options = Pick<AdsServerOptions, 'identityOf' | 'placeOf' | 'credentials'>;

export function authorizeStream(stream: Stream, nodeId: string, options: Options): Authorization {
  const { identityOf, credentials } = options;
  const certificate = stream.call.getAuthContext()?.sslPeerCertificate;
  const peer = { spiffeId: spiffeIdOf(certificate?.subjectaltname) };
  const decision = authorize(nodeId, peer, identityOf, credentials !== undefined);
  if (decision.type !== 'allowed') return decision;
  const reason = misplacementOf(stream, nodeId, decision.workload, options);
  // What is known of a pod may be a moment old.
  return reason === null ? decision : { type: 'unknown', workload: decision.workload, reason };
}

/** Why a stream that was authorized before may not go on; null: it may. */
export function noLongerAuthorized(stream: Stream, workload: string, options: Options): string | null {
  if (!isSameAccount(stream.identity, options.identityOf(workload)))
    return 'the workload has another service account by now';
  return misplacementOf(stream, stream.nodeId, workload, options);
}

function misplacementOf(
  { peer }: Stream,
  nodeId: string,
  workload: string,
  { placeOf }: Options,
): string | null {
  const node = parseNodeId(nodeId);
  const place = placeOf?.(workload);
  return node === null || place === undefined ? null : misplacement(node, peer, place);
}
