// Reads the Secret of an authority that a user brought, and tries it out: what a peer would refuse is refused here. Entries: readWanted, tryOut.
import { once } from 'node:events';
import { duplexPair } from 'node:stream';
import { connect, TLSSocket } from 'node:tls';
import type { AuthorityIr } from '../ir/mesh-ir.ts';
import type { SecretPort } from '../ports/platform.ts';
import type { WantedAuthority } from './authority-change.ts';
import { textOf } from './error-text.ts';
import { operatorSpiffeId } from './identity.ts';
import { IntermediateRefused, parseIntermediate } from './intermediate.ts';
import { signLeaf } from './leaf.ts';
import type { Root } from './root.ts';

export interface PluggedSettings {
  readonly secrets: Pick<SecretPort, 'readBrought'>;
  /** Of the operator: the Secret lies there. */
  readonly namespace: string;
  readonly trustDomain: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Never rejects: what cannot be read or used is `Unusable`. */
export async function readWanted(
  authority: AuthorityIr,
  settings: PluggedSettings,
): Promise<WantedAuthority> {
  if (authority.type === 'BuiltIn') return { type: 'BuiltIn' };
  const { namespace, now } = settings;
  const where = `Secret ${namespace}/${authority.secretName}`;
  try {
    const data = await settings.secrets.readBrought(namespace, authority.secretName);
    if (data === undefined)
      return {
        type: 'Unusable',
        where,
        why: `${where} does not exist. Create it with tls.crt, tls.key and ca.crt.`,
      };
    const root = parseIntermediate(data, { where, now: now() });
    return { type: 'Plugged', where, root, data };
  } catch (error) {
    const why =
      error instanceof IntermediateRefused ? error.message : `${where} cannot be read: ${textOf(error)}.`;
    return { type: 'Unusable', where, why };
  }
}

/**
 * Name constraints, and whatever else OpenSSL looks at, by a handshake in memory. Resolves to a sentence for the user; null: certificates that
 * it signs are accepted.
 */
export async function tryOut(root: Root, where: string, settings: PluggedSettings): Promise<string | null> {
  const spiffeId = operatorSpiffeId(settings.trustDomain, settings.namespace);
  const error = await refusalOf(root, spiffeId, settings.now());
  return error === null
    ? null
    : `${where} cannot be used: OpenSSL refuses a certificate for ${spiffeId} that it signs (${error}). Issue the intermediate without name constraints, or with some that permit this URI.`;
}

/** Times were looked at before. */
const timely: ReadonlySet<string> = new Set(['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID']);

/** The result is looked at; the identity is no host name. */
const justVerify = { rejectUnauthorized: false, checkServerIdentity: () => undefined };

/** What OpenSSL calls the reason; null: it accepts certificates of this authority. */
async function refusalOf(root: Root, spiffeId: string, now: number): Promise<string | null> {
  const { certificate: cert, privateKey: key } = await signLeaf(root, { spiffeId, ttlMs: 60_000 }, now);
  const [near, far] = duplexPair();
  const server = new TLSSocket(far, { isServer: true, cert, key, requestCert: false });
  server.on('error', () => undefined);
  const client = connect({ socket: near, ca: root.certificate, ...justVerify });
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
