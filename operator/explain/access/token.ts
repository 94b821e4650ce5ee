// One token and one issuer: whether it is valid, as Envoy sees it.
import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import type { EnvoyMessage } from '../../envoy/proto/envoy-message.ts';
import { nobodysKey } from '../../envoy/resources/inbound/tokens/jwt-authn.ts';
import { type PublicJwk, readKeySet } from '../../jwks/key-set.ts';
import { flagIn, messageIn, numberIn, textIn, textsIn } from '../fields.ts';
import { imaginedKey } from '../imagined-keys.ts';
import { type Claims, type Jwt, readJwt } from './jwt.ts';

export type TokenStatus =
  | { readonly type: 'Valid'; readonly claims: Claims }
  | { readonly type: 'Missing' }
  /** problem: a full sentence. */
  | { readonly type: 'OtherIssuer' | 'OtherAudience' | 'Invalid'; readonly problem: string };

export interface Judging {
  /** Sent where the sidecar looks for it; null: the request has what it says itself. */
  readonly token: GivenToken | null;
  /** Milliseconds since 1970; null: times are not compared. */
  readonly nowMs: number | null;
}

export interface GivenToken {
  readonly text: string;
  /** It counts as signed by its issuer, and in its time. */
  readonly isGenuine: boolean;
}

/** @param provider a JwtProvider */
export function judged(text: string, provider: EnvoyMessage, { token, nowMs }: Judging): TokenStatus {
  const jwt = readJwt(text);
  const isGenuine = token?.isGenuine === true && token.text === text;
  if (jwt === null) return invalid('It is not a JSON Web Token.');
  const { claims } = jwt;
  if (claims['iss'] !== textIn(provider, 'issuer'))
    return { type: 'OtherIssuer', problem: `Its issuer is ${shown(claims['iss'])}.` };
  const untimely = isGenuine ? null : timeProblem(claims, provider, nowMs);
  if (untimely !== null) return invalid(untimely);
  if (!isFor(claims['aud'], textsIn(provider, 'audiences')))
    return { type: 'OtherAudience', problem: `Its audience is ${shown(claims['aud'])}.` };
  const problem = keyProblem(jwt, keysOf(provider), isGenuine);
  return problem === null ? { type: 'Valid', claims } : invalid(problem);
}

/** Null: one of them has signed it, or would have. */
function keyProblem(jwt: Jwt, keys: readonly PublicJwk[], isGenuine: boolean): string | null {
  const has = (key: { readonly kid: string }): boolean => keys.some(({ kid }) => kid === key.kid);
  if (has(nobodysKey)) return 'No key of its issuer is known here.';
  if (isGenuine) return null;
  if (has(imaginedKey))
    return 'Its signature cannot be checked: manifests do not have the keys that the operator fetches. Use --claims.';
  return isSigned(jwt, keys) ? null : 'No key of its issuer has signed it.';
}

function invalid(problem: string): TokenStatus {
  return { type: 'Invalid', problem };
}

function shown(value: unknown): string {
  if (value === undefined) return 'not said';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Null: it is in its time. */
function timeProblem(claims: Claims, provider: EnvoyMessage, nowMs: number | null): string | null {
  const { exp, nbf } = claims;
  if (exp === undefined && flagIn(provider, 'require_expiration')) return 'It has no exp.';
  if (nowMs === null) return null;
  const [now, skew] = [nowMs / 1_000, numberIn(provider, 'clock_skew_seconds') ?? 60];
  if (typeof exp === 'number' && now > exp + skew) return 'It has expired.';
  return typeof nbf === 'number' && now + skew < nbf ? 'It is not valid yet.' : null;
}

function isFor(aud: unknown, wanted: readonly string[]): boolean {
  if (wanted.length === 0) return true;
  const accepted = new Set(wanted.map(plainAudience));
  const named: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  return named.some((one) => typeof one === 'string' && accepted.has(plainAudience(one)));
}

/** Without the scheme of a URL, and the slash at its end. */
function plainAudience(audience: string): string {
  return audience.replace(/^https?:\/\//, '').replace(/\/$/, '');
}

function keysOf(provider: EnvoyMessage): readonly PublicJwk[] {
  return readKeySet(textIn(messageIn(provider, 'local_jwks') ?? {}, 'inline_string') ?? '').keys;
}

function isSigned({ header: { alg, kid = '' }, ...signed }: Jwt, keys: readonly PublicJwk[]): boolean {
  const usable = keys.filter(
    (key) =>
      (kid === '' || key['kid'] === undefined || key['kid'] === kid) &&
      (key['alg'] === undefined || key['alg'] === alg),
  );
  return usable.some((key) => hasSigned(key, alg, signed));
}

interface Algorithm {
  readonly kty: string;
  /** Null: it is a part of the algorithm. */
  readonly hash: string | null;
}

/** RFC 7518 and RFC 8037: what an algorithm is for node:crypto. */
function algorithmOf(alg: unknown): Algorithm | null {
  if (alg === 'EdDSA') return { kty: 'OKP', hash: null };
  const [, family = '', bits] = /^(RS|PS|ES)(256|384|512)$/.exec(String(alg)) ?? [];
  if (bits === undefined) return null;
  return { kty: family === 'ES' ? 'EC' : 'RSA', hash: `sha${bits}` };
}

function hasSigned(
  jwk: PublicJwk,
  alg: unknown,
  { text, signature }: Pick<Jwt, 'text' | 'signature'>,
): boolean {
  const algorithm = algorithmOf(alg);
  if (algorithm === null || algorithm.kty !== jwk['kty']) return false;
  const key: KeyObject = createPublicKey({ key: { ...jwk }, format: 'jwk' });
  const padding = String(alg).startsWith('PS') ? { padding: pss, saltLength: digestLength } : {};
  const options = { key, dsaEncoding: 'ieee-p1363', ...padding } as const;
  return verify(algorithm.hash, Buffer.from(text), options, signature);
}

/** RSA_PKCS1_PSS_PADDING and RSA_PSS_SALTLEN_DIGEST of OpenSSL. */
const pss = 6;
const digestLength = -1;
