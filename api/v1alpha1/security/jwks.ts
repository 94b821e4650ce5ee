// Where the public keys of an issuer of tokens come from.
import { z } from 'zod';
import { Duration } from '../../duration.ts';
import { type CelRule, type Shape, withRules } from '../../schema.ts';
import { url } from '../../url.ts';

/** @see https://www.rfc-editor.org/rfc/rfc7517#section-5 */
const inlineRules: readonly CelRule[] = [
  {
    rule: `self.startsWith('{')`,
    message:
      'Write a JSON Web Key Set: a JSON object such as {"keys":[{"kty":"RSA","kid":"1","n":"…","e":"AQAB"}]}.',
  },
  {
    rule: String.raw`!self.matches(r'"d"[ \t\r\n]*:')`,
    message:
      'Remove the private key, and replace it at the issuer: everyone who can read this policy can read it. Only public keys belong here.',
  },
  {
    rule: String.raw`!self.matches(r'"kty"[ \t\r\n]*:[ \t\r\n]*"oct"')`,
    message:
      'Remove symmetric keys (kty oct): everyone who knows one can issue tokens. Use RSA, EC or Ed25519 keys.',
  },
];

/** Without user, password and fragment. */
export const httpsUri: Shape = {
  pattern:
    /^https:\/\/([A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(:[1-9][0-9]{0,4})?(\/[-A-Za-z0-9._~!$&()*+,;=:@%/]*)?(\?[-A-Za-z0-9._~!$&()*+,;=:@%/?]*)?$/,
  message:
    'Write an https URI without user, password and fragment, such as https://issuer.example/.well-known/jwks.json.',
  max: 512,
};

/** Of an issuer: where its discovery document is follows from it. In CEL and in code. */
export const discoverable = '^https://[^?]+$';

/** Of a string in PEM. */
export const noPrivateKey: CelRule = {
  rule: `!self.contains('PRIVATE KEY')`,
  message:
    'Remove the private key, and replace it: everyone who can read this object can read it. Only certificates belong here.',
};

export const caBundleRules: readonly CelRule[] = [
  {
    rule: `self.contains('-----BEGIN CERTIFICATE-----')`,
    message: 'Write CA certificates in PEM: -----BEGIN CERTIFICATE-----, base64, -----END CERTIFICATE-----.',
  },
  noPrivateKey,
];

/** Only where keys are fetched. */
const fetchedOnly = (field: string): CelRule => ({
  rule: `!has(self.${field}) || !has(self.inline)`,
  message: `Remove ${field}: with inline, nothing is fetched.`,
});

export const Jwks = withRules(
  z.object({
    inline: withRules(z.string().min(1).max(16_384), ...inlineRules)
      .optional()
      .describe('The JSON Web Key Set itself, as JSON. At most 16 keys and 16384 characters.'),
    uri: url(httpsUri)
      .optional()
      .describe(
        'Where the operator fetches the JSON Web Key Set, with GET over https. It follows no redirects. At most 16 keys and 256 KiB, and at most 16 URIs and issuers in the policies of a namespace. Sidecars need no access to it. If a fetch fails, the keys of the last successful one stay in use; see the condition KeysFetched.',
      ),
    caBundle: withRules(z.string().min(1).max(16_384), ...caBundleRules)
      .optional()
      .describe(
        'CA certificates in PEM that the servers at uri, or of the discovery document and its jwks_uri, must have their certificates from. Default: the public CAs that Mozilla trusts. At most 16384 characters.',
      ),
    refreshInterval: withRules(Duration, {
      rule: "duration(self) >= duration('30s') && duration(self) <= duration('1h')",
      message: 'Set refreshInterval between 30s and 1h.',
    })
      .optional()
      .describe(
        'Time between two fetches, varied by 10 %. Headers of the response do not change it. Issuers must publish a new key for so long before they sign with it. If several policies have the same uri or issuer, and caBundle, the shortest holds. 30s to 1h. Default: 5m.',
      ),
  }),
  {
    rule: '!has(self.inline) || !has(self.uri)',
    message: 'Set inline or uri, not both.',
  },
  fetchedOnly('caBundle'),
  fetchedOnly('refreshInterval'),
);
