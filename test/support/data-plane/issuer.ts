// An issuer of tokens: keys, the set of their public halves, and tokens as an issuer signs them or an attacker forges them.
import { exportJWK, exportSPKI, generateKeyPair, type JWK, SignJWT } from 'jose';

export interface IssuedKey {
  readonly jwk: JWK;
  /** The public half, in PEM. */
  readonly pem: string;
  /** A token of an hour for `somebody`. Claims and headers that are undefined are left out. */
  sign(
    claims?: Readonly<Record<string, unknown>>,
    header?: Readonly<Record<string, unknown>>,
  ): Promise<string>;
}

export const issuerName = 'https://issuer.example';

export async function issueKey(kid: string, alg: string): Promise<IssuedKey> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  return {
    jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' },
    pem: await exportSPKI(publicKey),
    sign: (claims = {}, header = {}) =>
      new SignJWT({ iss: issuerName, sub: 'somebody', exp: secondsFromNow(3_600), ...claims })
        .setProtectedHeader({ alg, kid, ...header })
        .sign(privateKey),
  };
}

export function keySet(...keys: readonly IssuedKey[]): string {
  return JSON.stringify({ keys: keys.map(({ jwk }) => jwk) });
}

/** As exp and nbf are written. */
export function secondsFromNow(seconds: number): number {
  return Math.floor(Date.now() / 1_000) + seconds;
}
