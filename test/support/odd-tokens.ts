// Tokens that are signed by their issuer and still odd: what parsers disagree about. Whether each is valid is what Envoy 1.40 says. Entry: oddTokens.
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { issuerName, secondsFromNow } from './data-plane/issuer.ts';

/** isValid: as Envoy says. */
export type OddToken = readonly [name: string, isValid: boolean, token: string];

export interface OddTokens {
  /** For jwks.inline. */
  readonly keySet: string;
  readonly tokens: readonly OddToken[];
}

const plainHeader = '{"alg":"ES256","kid":"k"}';

export function oddTokens(): OddTokens {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = { ...publicKey.export({ format: 'jwk' }), kid: 'k', alg: 'ES256', use: 'sig' };
  const keySet = JSON.stringify({ keys: [key] });
  const end = secondsFromNow(3_600);
  const start = `{"iss":"${issuerName}","exp":${end}`;
  const good = signed(privateKey, encoded(plainHeader), encoded(`${start}}`));
  const withClaims = (claims: string): string =>
    signed(privateKey, encoded(plainHeader), encoded(`${start},${claims}}`));
  const ending = (exp: string): string =>
    signed(privateKey, encoded(plainHeader), encoded(`{"iss":"${issuerName}","exp":${exp}}`));
  const withHeader = (more: string): string =>
    signed(privateKey, encoded(`{"alg":"ES256",${more}}`), encoded(`${start}}`));
  const withBytes = (...bytes: readonly number[]): string => {
    const payload = Buffer.concat([Buffer.from(`${start},"x":"`), Buffer.from(bytes), Buffer.from('"}')]);
    return signed(privateKey, encoded(plainHeader), payload.toString('base64url'));
  };

  const tokens: readonly OddToken[] = [
    ['good', true, good],
    ...['5', 'null', '{}', '["a",5]', '[null]'].map(
      (aud) => [`aud ${aud}`, false, withClaims(`"aud":${aud}`)] as const,
    ),
    ...['[]', '""', '"a"'].map((aud) => [`aud ${aud}`, true, withClaims(`"aud":${aud}`)] as const),
    ...['-1', '-0.5', '1e30', '1e999', '18446744073709551615', 'null', '"1"'].flatMap((time) => [
      [`iat ${time}`, false, withClaims(`"iat":${time}`)] as const,
      [`exp ${time}`, false, ending(time)] as const,
    ]),
    ...['1.5', '0', '-0', '1e19'].map((time) => [`iat ${time}`, true, withClaims(`"iat":${time}`)] as const),
    ...['1e19', `${end}.5`, '9223372036854775807'].map(
      (time) => [`exp ${time}`, true, ending(time)] as const,
    ),
    ['nbf -1', false, withClaims('"nbf":-1')],
    ['sub null', false, withClaims('"sub":null')],
    ['jti 5', false, withClaims('"jti":5')],

    ['a member twice', false, withClaims('"x":1,"x":2')],
    ['a member twice, in other words', false, withClaims(String.raw`"x":1,"\u0078":2`)],
    ['a member twice, deep inside', false, withClaims('"x":[{"y":{"a":1,"a":2}}]')],
    [
      'what looks like a member twice',
      true,
      withClaims(String.raw`"x":"\"y\":1","z":{"x":"\":"},"w":["x","x"]`),
    ],
    ['half a character', false, withClaims(String.raw`"x":"\ud800"`)],
    ['half a character as a name', false, withClaims(String.raw`"\ud800":1`)],
    ['a character in halves', true, withClaims(String.raw`"x":"\ud83d\ude00"`)],
    ['an infinite number', false, withClaims('"x":1e999')],
    ['a large number', true, withClaims('"x":1.7976931348623157e308')],
    ['lists 100 deep, with the claims', true, withClaims(`"x":${'['.repeat(99)}1${']'.repeat(99)}`)],
    ['lists deeper', false, withClaims(`"x":${'['.repeat(100)}1${']'.repeat(100)}`)],
    ['objects 100 deep, with the claims', true, withClaims(`"x":${'{"a":'.repeat(99)}1${'}'.repeat(99)}`)],
    ['objects deeper', false, withClaims(`"x":${'{"a":'.repeat(100)}1${'}'.repeat(100)}`)],
    ['bytes that are no UTF-8', false, withBytes(0xff)],
    ['a part of UTF-8', false, withBytes(0xe2, 0x82)],
    ['a name with a meaning in JavaScript', true, withClaims('"__proto__":{"a":1}')],

    ['kid 5', false, withHeader('"kid":5')],
    ['kid null', false, withHeader('"kid":null')],
    ['kid ""', true, withHeader('"kid":""')],
    ['kid of nobody', false, withHeader('"kid":"z"')],
    ['crit', true, withHeader('"kid":"k","crit":["b64"],"b64":false')],
    ['a member twice in the header', false, withHeader('"kid":"k","alg":"ES256"')],
    ['half a character in the header', false, withHeader(String.raw`"kid":"k","x":"\ud800"`)],

    ['padded', true, `${good}==`],
    ['padded too little', false, `${good}=`],
    [
      'in the other alphabet',
      false,
      signed(
        privateKey,
        Buffer.from('{"alg":"ES256","x":"???>>>"}').toString('base64').replaceAll('=', ''),
        encoded(`${start}}`),
      ),
    ],
    [
      'a header with another character',
      false,
      signed(privateKey, `${encoded(plainHeader)}!`, encoded(`${start}}`)),
    ],
    ['a dot after it', true, `${good}.`],
    ['dots in between', true, good.replace('.', '..')],
    ['a dot before it', true, `.${good}`],
    ['another part', false, `${good}.YQ`],
    ['a space inside', true, `${good.slice(0, -4)} ${good.slice(-4)}`],
    ['without a signature', false, good.slice(0, good.lastIndexOf('.') + 1)],
    ...['!', ',', ';', '%', '"', '*', '+', '/', '~'].flatMap((mark) => [
      [`${mark} after it`, false, good + mark] as const,
      [`${mark} before it`, true, mark + good] as const,
    ]),
    ['another word after it', false, `${good} zz`],
    ['another word before it', false, `zz ${good}`],
  ];
  return { keySet, tokens };
}

function encoded(text: string): string {
  return Buffer.from(text).toString('base64url');
}

/** parts: as they are sent. */
function signed(key: KeyObject, ...parts: readonly [header: string, payload: string]): string {
  const text = parts.join('.');
  const signature = sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' });
  return `${text}.${signature.toString('base64url')}`;
}
