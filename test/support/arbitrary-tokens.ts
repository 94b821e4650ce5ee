// Tokens in SecurityPolicies, at random: issuers whose keys are real, and rules that ask for them.
import * as fc from 'fast-check';

const key = {
  kty: 'EC',
  crv: 'P-256',
  kid: '2026-11',
  x: 'pHeulMdU1WiHux0G39bjAAfWdqq3BmpZardGE3MjrJg',
  y: '3jXDRkNcp6ieDoi2dyX3l3rJtg_-OpEHDYP_WarGeIw',
};
/** Some that can be used, and some that cannot. */
const inline = fc.constantFrom(
  JSON.stringify({ keys: [key] }),
  '{"keys":[]}',
  '{"keys":[{"kty":"EC"}]}',
  '{',
);

/** Nobody fetches them. */
const fetched = fc.record(
  {
    uri: fc.constantFrom('https://issuer.invalid/jwks.json', 'https://127.0.0.1:9/jwks.json'),
    refreshInterval: fc.constantFrom('30s', '1h'),
  },
  { requiredKeys: ['uri'] },
);

const from = fc.constantFrom(
  { headers: [{ name: 'authorization', prefix: 'Bearer ' }], cookies: ['session'] },
  { headers: [{ name: 'x-token' }] },
  { cookies: ['session'], queryParameters: ['token'] },
);

function provider(name: string): fc.Arbitrary<object> {
  return fc.record(
    {
      name: fc.constant(name),
      issuer: fc.constantFrom('https://issuer.example', 'https://other.example'),
      jwks: fc.oneof({ weight: 3, arbitrary: fc.record({ inline }) }, { weight: 1, arbitrary: fetched }),
      audiences: fc.subarray(['reviews', 'ratings']),
      from,
      forward: fc.boolean(),
      claimsToHeaders: fc.subarray([
        { claim: ['sub'], header: 'x-user' },
        { claim: ['realm', 'level'], header: 'X-User-Level' },
      ]),
      clockSkew: fc.constantFrom('1s', '1500ms', '5m'),
    },
    { requiredKeys: ['name', 'issuer', 'jwks'] },
  );
}

/** exception: a request, as `to` of a rule has them. Always with the providers that tokenMatch asks for. */
export function authentication(exception: fc.Arbitrary<object>): fc.Arbitrary<object> {
  return fc.record(
    {
      jwt: fc.tuple(provider('corp'), provider('other')),
      mode: fc.constantFrom('Required', 'Optional'),
      exceptions: fc.array(exception, { maxLength: 2 }),
    },
    { requiredKeys: ['jwt'] },
  );
}

export const tokenMatch: fc.Arbitrary<object> = fc.record(
  {
    provider: fc.constantFrom('corp', 'other'),
    subjects: fc.subarray(['ann', 'bob']),
    claims: fc.array(
      fc.record({
        path: fc.constantFrom(['scope'], ['realm', 'roles'], ['https://x.example/roles']),
        values: fc.subarray(['admin', '7', 'true'], { minLength: 1 }),
      }),
      { maxLength: 2 },
    ),
  },
  { requiredKeys: [] },
);
