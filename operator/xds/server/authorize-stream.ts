// Who is on a stream: its certificate and the node id it claims, against what the workload has to prove.
import { authorize, spiffeIdOf, type Authorization } from './authorize.ts';
import type { AdsServerOptions } from './options.ts';
import type { Call } from './raw-call.ts';

export function authorizeStream(
  call: Call,
  nodeId: string,
  { identityOf, credentials }: Pick<AdsServerOptions, 'identityOf' | 'credentials'>,
): Authorization {
  const certificate = call.getAuthContext()?.sslPeerCertificate;
  const peer = { spiffeId: spiffeIdOf(certificate?.subjectaltname) };
  return authorize(nodeId, peer, identityOf, credentials !== undefined);
}
