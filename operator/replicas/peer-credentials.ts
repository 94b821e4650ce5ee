// Who the replicas are to each other: the operator's own certificate, on both ends. A peer is believed when its
// certificate leads to the same roots and has the very same SPIFFE id.
import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { ChannelCredentials } from '@grpc/grpc-js';
import { spiffeIdOf } from '../xds/server/authorize.ts';
import type { ServerKeyPair } from '../xds/server/credentials.ts';

/** Not a name that anybody resolves: what TLS asks for when the address is an IP. */
export const serverName = 'meshwright-operator';

export class PeerCredentials {
  #spiffeId: string | null = null;
  #channel: ChannelCredentials | null = null;

  /** New connections use it from now on; existing ones stay. */
  update({ certificate, privateKey, trustBundle }: ServerKeyPair): void {
    const spiffeId = spiffeIdOf(new X509Certificate(certificate).subjectAltName);
    const context = createSecureContext({
      ca: trustBundle,
      cert: certificate,
      key: privateKey,
      minVersion: 'TLSv1.3',
    });
    this.#spiffeId = spiffeId;
    this.#channel = ChannelCredentials.createFromSecureContext(context, {
      checkServerIdentity: (_host, peer) => {
        const found = spiffeIdOf(peer.subjectaltname);
        return found !== null && found === spiffeId
          ? undefined
          : new Error(`the server is ${found ?? 'nobody'}, not ${spiffeId ?? 'known'}`);
      },
    });
  }

  /** Of a client that connects now; null before the first certificate. */
  channel(): ChannelCredentials | null {
    return this.#channel;
  }

  /** Whether a client certificate's subjectAltName, as node:tls prints it, is that of this operator. */
  isOurs(subjectAltName: string | undefined): boolean {
    return this.#spiffeId !== null && spiffeIdOf(subjectAltName) === this.#spiffeId;
  }
}
