// What an authorization rule asks of a token.
import { z } from 'zod';
import { dnsLabel, listSet, shaped } from '../../schema.ts';

/** A key of the payload, or of an object in it. */
const claimKey = shaped({
  pattern: /^[!-~]([ -~]*[!-~])?$/,
  message: 'Write the name of a claim as it is in tokens, in printable ASCII characters.',
  max: 128,
});

const Claim = z
  .object({
    path: z
      .array(claimKey.describe('Name of a claim, or of a field of the object before it.'))
      .min(1)
      .max(4)
      .describe(
        'Where the claim is: its name, and for a claim in objects all names from the outside to the inside. [realm, roles] is the field roles of the claim realm. A name with dots is one name. 1 to 4.',
      ),
    values: listSet(z.array(z.string().min(1).max(256).describe('A value.')).min(1).max(16)).describe(
      'Values, any of which matches: the claim is the value, or is a list that contains it. A value such as 42 or true also matches the number or the boolean. Integers beyond 2^53 cannot be told apart: as numbers, an Allow rule matches none of them, and a Deny rule all that the sidecar cannot tell from the value. The words of the claims scope and scp are a list. 1 to 16.',
    ),
  })
  .describe('A condition on a claim. A claim that the token does not have never matches.');

export const TokenMatch = z
  .object({
    provider: shaped(dnsLabel)
      .optional()
      .describe(
        'Name of an entry of authentication.jwt, which must have verified the token. Default: any of them.',
      ),
    subjects: listSet(z.array(z.string().min(1).max(256).describe('A subject.')).max(16))
      .default([])
      .describe('Values of the claim sub, any of which matches. Default: any subject. At most 16.'),
    claims: z
      .array(Claim)
      .max(4)
      .default([])
      .describe('Conditions on claims; all of them must hold. At most 4.'),
  })
  .describe(
    'Token that the request must have, verified by authentication.jwt. A request without a valid token does not match, also in Deny rules: set authentication.mode to Required if a caller must not evade the rule by leaving its token away.',
  );
export type TokenMatch = z.infer<typeof TokenMatch>;
