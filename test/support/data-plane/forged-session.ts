// The cookies of a session of the login of policy shop/policy-0. Entry: forgedSession.
import { createCipheriv, createHash, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { hashOf } from '../../../operator/values/fingerprint.ts';

export interface Session {
  readonly host: string;
  /** Of the client. */
  readonly secret: string;
  readonly token: string;
}

/** As Envoy makes one, by whoever knows the key. */
export function forgedSession({ host, secret, token }: Session): ReadonlyMap<string, string> {
  const key = Buffer.from(hkdfSync('sha256', secret, '', 'meshwright login shop/policy-0', 32)).toString(
    'base64url',
  );
  const iv = randomBytes(16);
  const cipher = createCipheriv('aes-256-cbc', createHash('sha256').update(key).digest(), iv);
  const encrypted = Buffer.concat([iv, cipher.update(token), cipher.final()]).toString('base64url');
  const expires = String(Math.floor(Date.now() / 1_000) + 3_600);
  const signed = [host, expires, '', token, ''].join('\n');
  const prefix = `__Host-mw-${hashOf('shop/policy-0').slice(0, 8)}-`;
  return new Map([
    [`${prefix}id`, encrypted],
    [`${prefix}expires`, expires],
    [`${prefix}hmac`, createHmac('sha256', key).update(signed).digest('base64')],
  ]);
}
