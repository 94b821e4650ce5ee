// A token of which only the claims are known: one that its issuer would have signed.
import { isClaims } from './jwt.ts';
import type { GivenToken } from './token.ts';

/** Null: this is no JSON object with `iss`. */
export function describedToken(json: string): GivenToken | null {
  const claims = valueOf(json);
  if (!isClaims(claims) || typeof claims['iss'] !== 'string') return null;
  const [header, payload] = [{ alg: 'none' }, claims].map((part) =>
    Buffer.from(JSON.stringify(part)).toString('base64url'),
  );
  return { text: `${header}.${payload}.c2lnbmF0dXJl`, isGenuine: true };
}

function valueOf(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
