// An authority is tried out before it is used: what a peer would refuse is refused here. Entry: tryOut.
import { once } from 'node:events';
import { duplexPair } from 'node:stream';
import { connect, TLSSocket } from 'node:tls';
import type { KeyPair } from './authority.ts';
import { textOf } from './error-text.ts';
import { operatorSpiffeId } from './identity.ts';
import { signLeaf } from './leaf.ts';
import { type AskSettings, ask } from './requested/wanted-issuer.ts';
import { IssuerTrouble } from './requested/trouble.ts';
import type { Root } from './root.ts';

/**
 * Name constraints, and whatever else OpenSSL looks at, by a handshake in memory. An issuer outside has to sign something for that. Resolves to a
 * sentence for the user; null: certificates that it signs are accepted.
 */
export async function tryOut(root: Root, where: string, settings: AskSettings): Promise<string | null> {
  const spiffeId = operatorSpiffeId(settings.trustDomain, settings.namespace);
  try {
    const leaf =
      root.issuerRef === null
        ? await signLeaf(root, { spiffeId, ttlMs: 60_000 }, settings.now())
        : await ask(root.issuerRef, settings, [root.certificate]);
    const error = await refusalOf(leaf, root.certificate);
    return error === null
      ? null
      : `${where} cannot be used: OpenSSL refuses a certificate for ${spiffeId} that it signs (${error}). Issue the intermediate without name constraints, or with some that permit this URI.`;
  } catch (error) {
    if (error instanceof IssuerTrouble) return error.message;
    throw error;
  }
}

/** Times were looked at before. */
const timely: ReadonlySet<string> = new Set(['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID']);

/** The result is looked at; the identity is no host name. */
const justVerify = { rejectUnauthorized: false, checkServerIdentity: () => undefined };

/** ca: PEM. What OpenSSL calls the reason; null: it accepts certificates of this authority. */
async function refusalOf(leaf: KeyPair, ca: string): Promise<string | null> {
  const { certificate: cert, privateKey: key } = leaf;
  const [near, far] = duplexPair();
  const server = new TLSSocket(far, { isServer: true, cert, key, requestCert: false });
  server.on('error', () => undefined);
  const client = connect({ socket: near, ca, ...justVerify });
  try {
    await once(client, 'secureConnect');
    const code = client.authorized ? null : String(client.authorizationError);
    return code === null || timely.has(code) ? null : code;
  } catch (error) {
    return textOf(error);
  } finally {
    client.destroy();
    server.destroy();
  }
}
