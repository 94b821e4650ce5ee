// The key of a service account of Google Cloud, and what is signed with it. Pure.
// @see https://developers.google.com/identity/protocols/oauth2/service-account#authorizingrequests
import { createPrivateKey, type KeyObject, sign } from 'node:crypto';
import { z } from 'zod';

/** In the Secret, as Google's own examples name it. */
export const keyFile = 'key.json';
const lifetimeSeconds = 3_600;

/** What a token is for: to write telemetry and nothing else, whatever the service account may do. */
export const scopes = [
  'https://www.googleapis.com/auth/monitoring.write',
  'https://www.googleapis.com/auth/logging.write',
  'https://www.googleapis.com/auth/trace.append',
] as const;

const Key = z.object({
  type: z.literal('service_account'),
  client_email: z.string().min(1),
  private_key: z.string().min(1),
  private_key_id: z.string().optional(),
  token_uri: z.url({ protocol: /^https?$/ }).default('https://oauth2.googleapis.com/token'),
});

export interface ServiceAccount {
  readonly email: string;
  readonly keyId: string | undefined;
  readonly tokenUri: string;
  readonly key: KeyObject;
}

/** @throws Error that says nothing of the content */
export function readServiceAccount(text: string): ServiceAccount {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new Error(`${keyFile} is not JSON`);
  }
  const key = Key.safeParse(json);
  if (!key.success) {
    const wrong = key.error.issues.map(({ path }) => path.join('.') || 'the whole').join(', ');
    throw new Error(`${keyFile} is not the key of a service account (wrong: ${wrong})`);
  }
  const { client_email: email, private_key_id: keyId, token_uri: tokenUri, private_key: pem } = key.data;
  return { email, keyId, tokenUri, key: privateKeyOf(pem) };
}

function privateKeyOf(pem: string): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    throw new Error(`private_key in ${keyFile} cannot be read`);
  }
  if (key.asymmetricKeyType !== 'rsa') throw new Error(`private_key in ${keyFile} is not an RSA key`);
  return key;
}

/** A JWT that is exchanged for a token. */
export function assertionOf({ email, keyId, tokenUri, key }: ServiceAccount, nowMs: number): string {
  const iat = Math.floor(nowMs / 1_000);
  const header = { alg: 'RS256', typ: 'JWT', ...(keyId !== undefined && { kid: keyId }) };
  const claims = { iss: email, scope: scopes.join(' '), aud: tokenUri, iat, exp: iat + lifetimeSeconds };
  const signed = `${encoded(header)}.${encoded(claims)}`;
  return `${signed}.${sign('sha256', Buffer.from(signed), key).toString('base64url')}`;
}

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
