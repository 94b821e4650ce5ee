// A JSON Web Key Set, checked: what issuers publish reaches sidecars only if it is what it should be. Pure.
// @see https://www.rfc-editor.org/rfc/rfc7517 and https://www.rfc-editor.org/rfc/rfc8725#section-3
import { createPublicKey } from 'node:crypto';
import { z } from 'zod';
import { byText } from '../values/compare-text.ts';
import { jsonOf } from '../values/json.ts';

/** The members that a sidecar needs: kty, use, kid, alg, and those of its type. */
export type PublicJwk = Readonly<Record<string, string>>;

export interface KeySet {
  /** Sorted by kid. Empty: none can be used, the problems say why. */
  readonly keys: readonly PublicJwk[];
  /** Full sentences on what was left out, or why nothing is left. Empty if all of it can be used. */
  readonly problems: readonly string[];
}

/** Of one issuer. A token without a kid is compared with all of them: each costs a sidecar up to 80 microseconds. */
export const maxKeys = 16;

/** Of one issuer, as they are written for sidecars: as many as a policy can hold itself. */
export const maxKeySetCharacters = 16_384;

const Member = z.string().max(4_096);

const Key = z.object({
  kty: Member,
  kid: Member.max(256).optional(),
  use: Member.optional(),
  key_ops: z.array(Member).max(16).optional(),
  alg: Member.optional(),
  n: Member.optional(),
  e: Member.optional(),
  crv: Member.optional(),
  x: Member.optional(),
  y: Member.optional(),
  d: z.unknown().optional(),
});
type Key = z.infer<typeof Key>;

const Document = z.object({ keys: z.array(z.unknown()) });

export interface ReadKeySetOptions {
  /** Whether problems may quote the text. Default: true. */
  readonly quotes?: boolean;
}

/** Never throws. */
export function readKeySet(text: string, { quotes = true }: ReadKeySetOptions = {}): KeySet {
  const parsed = Document.safeParse(jsonOf(text));
  if (!parsed.success) return nothing('It is not a JSON object with a list of keys.');
  const { keys } = parsed.data;
  // Before a single one is looked at.
  if (keys.length > maxKeys) return nothing(`It has ${keys.length} keys; the maximum is ${maxKeys}.`);
  const read = keys.map((key, index) => readKey(key, { index, quotes }));
  const usable = read.flatMap(({ key }) => (key === undefined ? [] : [key]));
  const twice = repeatedKid(usable);
  if (twice !== undefined)
    return nothing(`Two keys have the ${quotes ? `kid ${quoted(twice)}` : 'same kid'}.`);
  const problems = read.flatMap(({ problem }) => problem ?? []);
  if (usable.length === 0) return { keys: [], problems: [...problems, 'It has no key for signatures.'] };
  if (JSON.stringify(usable).length > maxKeySetCharacters)
    return nothing(`Its keys are larger than ${maxKeySetCharacters} characters.`);
  return { keys: usable.toSorted(byText(kidOf)), problems };
}

function nothing(problem: string): KeySet {
  return { keys: [], problems: [problem] };
}

/** Keys without one are tried for every token, so that one of them is enough. */
function repeatedKid(keys: readonly PublicJwk[]): string | undefined {
  const kids = keys.map(kidOf);
  return kids.find((kid, index) => kids.indexOf(kid) !== index);
}

function kidOf({ kid = '' }: PublicJwk): string {
  return kid;
}

interface Read {
  readonly key?: PublicJwk;
  readonly problem?: string;
}

interface Place {
  readonly index: number;
  readonly quotes: boolean;
}

function readKey(value: unknown, { index, quotes }: Place): Read {
  const parsed = Key.safeParse(value);
  if (!parsed.success) return { problem: `Key ${index + 1} is not a JSON Web Key.` };
  const key = parsed.data;
  // Issuers publish those beside: for somebody else.
  if (!isForSignatures(key)) return {};
  const { kid, d } = key;
  const name = kid === undefined || !quotes ? `Key ${index + 1}` : `Key ${quoted(kid)}`;
  if (d !== undefined) return { problem: `${name} is a private key: replace it at the issuer.` };
  const algorithms = algorithmsOf(key);
  if (algorithms === undefined) {
    return { problem: `${name} is neither RSA, EC (P-256, P-384, P-521) nor Ed25519.` };
  }
  const { alg = algorithms.length === 1 ? algorithms[0] : undefined } = key;
  if (alg !== undefined && !algorithms.includes(alg)) {
    const other = quotes ? `the algorithm ${quoted(alg)}` : 'another algorithm';
    return { problem: `${name} has ${other}; its type allows ${algorithms.join(', ')}.` };
  }
  return writtenAnew({ ...key, alg }, name);
}

/** With nothing but its members. */
function writtenAnew(key: Key, name: string): Read {
  const members = exportedMembers(key);
  if (members === undefined) return { problem: `${name} is malformed.` };
  if (isWeak(members)) {
    return { problem: `${name} has less than 2048 or more than 8192 bits, or an unusual exponent.` };
  }
  const { kid, alg } = key;
  return { key: withoutAbsent({ ...members, use: 'sig', kid, alg }) };
}

function isForSignatures({ use, key_ops }: Key): boolean {
  return (use === undefined || use === 'sig') && (key_ops === undefined || key_ops.includes('verify'));
}

const byCurve: ReadonlyMap<string | undefined, readonly string[]> = new Map([
  ['P-256', ['ES256']],
  ['P-384', ['ES384']],
  ['P-521', ['ES512']],
]);

/** Asymmetric ones: whoever knows a symmetric key can issue tokens, and a sidecar's configuration is not a secret. */
function algorithmsOf({ kty, crv }: Key): readonly string[] | undefined {
  if (kty === 'RSA') return ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'];
  if (kty === 'EC') return byCurve.get(crv);
  return kty === 'OKP' && crv === 'Ed25519' ? ['EdDSA'] : undefined;
}

/** As it is written canonically; undefined: it is no key, a point is not on its curve. */
function exportedMembers({ kty, n, e, crv, x, y }: Key): PublicJwk | undefined {
  try {
    const given = { kty, n, e, crv, x, y };
    const key = createPublicKey({ key: withoutAbsent(given), format: 'jwk' });
    return withoutAbsent({ ...key.export({ format: 'jwk' }) });
  } catch {
    return undefined;
  }
}

function withoutAbsent(members: Readonly<Record<string, unknown>>): PublicJwk {
  return Object.fromEntries(
    Object.entries(members).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
  );
}

/** RSA only: of the other types every key is as good. */
function isWeak({ kty, n = '', e = '' }: PublicJwk): boolean {
  if (kty !== 'RSA') return false;
  const modulus = Buffer.from(n, 'base64url');
  const exponent = Buffer.from(e, 'base64url');
  const isSmall = exponent.length <= 4 && !(exponent.length === 1 && (exponent[0] ?? 0) < 3);
  return modulus.length < 256 || modulus.length > 1_024 || !isOdd(modulus) || !isOdd(exponent) || !isSmall;
}

function isOdd(bytes: Buffer): boolean {
  return ((bytes.at(-1) ?? 0) & 1) === 1;
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 64));
}
