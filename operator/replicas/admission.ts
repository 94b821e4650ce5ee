// Who may call as a replica, and when.
import { type ServerDuplexStream, status } from '@grpc/grpc-js';
import type { Log } from '../process/log.ts';
import type { PeerCredentials } from './peer-credentials.ts';

export interface Refusal {
  readonly code: status;
  readonly details: string;
}

export const notLeading: Refusal = {
  code: status.FAILED_PRECONDITION,
  details: 'this replica is not the leader',
};

/** Why the call is refused; null: it is not. */
export function refusalOf(
  call: Pick<ServerDuplexStream<Buffer, Buffer>, 'getAuthContext' | 'getPeer'>,
  isLeading: boolean,
  { credentials, log }: { readonly credentials: PeerCredentials; readonly log: Log },
): Refusal | null {
  const certificate = call.getAuthContext()?.sslPeerCertificate;
  if (credentials.isOurs(certificate?.subjectaltname)) return isLeading ? null : notLeading;
  log.warn({ peer: call.getPeer(), identity: certificate?.subjectaltname }, 'not a replica of ours');
  return { code: status.PERMISSION_DENIED, details: 'only replicas of the operator may report' };
}
