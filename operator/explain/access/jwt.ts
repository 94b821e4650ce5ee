// A JSON Web Token as Envoy 1.40 reads it: base64 and JSON that others take may be no token there. Found out by experiment, see
// test/integration/data-plane-token-attacks.test.ts. Pure. Entry: readJwt.

export type Claims = Readonly<Record<string, unknown>>;

export interface Jwt {
  readonly header: Claims;
  readonly claims: Claims;
  /** What is signed. */
  readonly text: string;
  readonly signature: Buffer;
}

/** Null: it is none. */
export function readJwt(token: string): Jwt | null {
  const parts = token.split('.').filter((part) => part !== '');
  const [head = '', payload = '', last = ''] = parts;
  const [header, claims, signature] = [objectIn(head), objectIn(payload), bytesIn(last)];
  if (parts.length !== 3 || header === null || claims === null || signature === null) return null;
  return areTyped(header, claims) ? { header, claims, text: `${head}.${payload}`, signature } : null;
}

/** What is registered has its type, or is not there. */
function areTyped(header: Claims, claims: Claims): boolean {
  return (
    isAbsentOr(isText, header['kid']) &&
    ['iss', 'sub', 'jti'].every((name) => isAbsentOr(isText, claims[name])) &&
    ['exp', 'nbf', 'iat'].every((name) => isAbsentOr(isTime, claims[name])) &&
    isAbsentOr(isAudience, claims['aud'])
  );
}

function isAbsentOr(is: (value: unknown) => boolean, value: unknown): boolean {
  return value === undefined || is(value);
}

function isText(value: unknown): boolean {
  return typeof value === 'string';
}

/** Of 64 bits without a sign; fractions are cut off. */
function isTime(value: unknown): boolean {
  return typeof value === 'number' && value >= 0 && value < 2 ** 64;
}

function isAudience(value: unknown): boolean {
  return isText(value) || (Array.isArray(value) && value.every(isText));
}

/** Node takes both alphabets, and leaves out what is in neither. */
function bytesIn(part: string): Buffer | null {
  const [, characters = '', padding = ''] = /^([\w-]*)(={0,2})$/.exec(part.replaceAll(/[ \t]/g, '')) ?? [];
  const missing = (4 - (characters.length % 4)) % 4;
  const isWhole = missing < 3 && (padding === '' || padding.length === missing);
  return characters !== '' && isWhole ? Buffer.from(characters, 'base64url') : null;
}

function objectIn(part: string): Claims | null {
  try {
    const json = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
      bytesIn(part) ?? undefined,
    );
    const value: unknown = JSON.parse(json);
    const { members, depth, isPlain } = shapeOf(value);
    return isClaims(value) && isPlain && depth <= maxDepth && members === membersIn(json) ? value : null;
  } catch {
    return null;
  }
}

const maxDepth = 100;

interface Shape {
  /** Of all objects in it. */
  readonly members: number;
  readonly depth: number;
  /** Numbers are finite, and texts are Unicode. */
  readonly isPlain: boolean;
}

function shapeOf(value: unknown): Shape {
  if (typeof value === 'string') return { members: 0, depth: 0, isPlain: value.isWellFormed() };
  if (typeof value === 'number') return { members: 0, depth: 0, isPlain: Number.isFinite(value) };
  if (typeof value !== 'object' || value === null) return { members: 0, depth: 0, isPlain: true };
  const names = Array.isArray(value) ? [] : Object.keys(value);
  const shapes = Object.values(value).map(shapeOf);
  return {
    members: shapes.reduce((sum, { members }) => sum + members, names.length),
    depth: 1 + Math.max(0, ...shapes.map(({ depth }) => depth)),
    isPlain: names.every((name) => name.isWellFormed()) && shapes.every(({ isPlain }) => isPlain),
  };
}

/** json: that can be parsed. With those that are there twice. */
function membersIn(json: string): number {
  return json.match(/"(?:[^"\\]|\\.)*"\s*:/g)?.length ?? 0;
}

export function isClaims(value: unknown): value is Claims {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
