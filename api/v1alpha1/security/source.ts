// The callers of an authorization rule: who they are, and from where they come.
import { z } from 'zod';
import { type CelRule, ipBlock, listSet, shaped, withRules } from '../../schema.ts';
import { callerFields } from '../callers.ts';
import { TokenMatch } from './token-match.ts';

/** @see https://github.com/spiffe/spiffe/blob/main/standards/SPIFFE-ID.md#2-spiffe-identity */
const principal = shaped({
  pattern: /^spiffe:\/\/[a-z0-9._-]+(\/[A-Za-z0-9._-]+)+$/,
  message:
    "Write a whole SPIFFE ID, such as spiffe://partner.example/ns/shop/sa/web; '*' is not a wildcard. For all callers of a namespace, use namespaces.",
  max: 320,
}).describe('SPIFFE ID.');

const block = ipBlock().describe('Network in CIDR notation, or an address.');

/** In an entry of from; in `not` half as many. */
function identityFields(most: 8 | 4): {
  readonly principals: z.ZodDefault<z.ZodArray<typeof principal>>;
  readonly ipBlocks: z.ZodDefault<z.ZodArray<typeof block>>;
  readonly remoteIPBlocks: z.ZodDefault<z.ZodArray<typeof block>>;
} {
  return {
    principals: listSet(z.array(principal).max(most))
      .default([])
      .describe(
        `SPIFFE IDs of the callers, also of other trust domains. A Deny rule matches an ID of the trust domain of the mesh in any trust domain, like a service account. At most ${most}.`,
      ),
    ipBlocks: listSet(z.array(block).max(most))
      .default([])
      .describe(
        `Networks from which callers connect: the address of the connection, never what a header says. An IPv6 network contains no IPv4 addresses. On a TCP port, an Allow rule with ipBlocks matches nothing, and a Deny rule ignores them. At most ${most}.`,
      ),
    remoteIPBlocks: listSet(z.array(block).max(most))
      .default([])
      .describe(
        `Networks of the clients for which proxies call: the last address in x-forwarded-for, which the proxy must add itself. Anyone can write this header, so it only counts in requests of the callers that the same entry names; without a valid address an Allow rule does not match, and a Deny rule does. On a TCP port, an Allow rule with remoteIPBlocks matches nothing, and a Deny rule ignores them. At most ${most}.`,
      ),
  };
}

const identities = ['serviceAccounts', 'namespaces', 'principals'] as const;
const lists = [...identities, 'ipBlocks', 'remoteIPBlocks'] as const;

/** CEL: some of these lists has an item. */
function some(fields: readonly string[]): string {
  return fields.map((field) => `self.${field}.size() > 0`).join(' || ');
}

const { serviceAccounts, namespaces } = callerFields;

const Excluded = withRules(
  z.object({
    serviceAccounts: listSet(serviceAccounts.unwrap().max(8))
      .default([])
      .describe('Service accounts, each as namespace/name. At most 8.'),
    namespaces: listSet(namespaces.unwrap().max(8)).default([]).describe('Namespaces. At most 8.'),
    ...identityFields(4),
  }),
  { rule: some(lists), message: 'Name somebody in not, or remove it.' },
).describe(
  'Callers that do not match: those in any of these lists. A caller without mutual TLS could be in any list of identities: an Allow rule that excludes identities does not match it, and a Deny rule does.',
);

const forwarded: CelRule = {
  rule: `(self.remoteIPBlocks.size() == 0 && (!has(self.not) || self.not.remoteIPBlocks.size() == 0)) || ${some([...identities, 'ipBlocks'])}`,
  message:
    'Name the proxies whose x-forwarded-for counts in the same entry, by serviceAccounts, namespaces, principals or ipBlocks: anyone can write this header.',
};

export const Source = withRules(
  z.object({ ...callerFields, ...identityFields(8), jwt: TokenMatch.optional(), not: Excluded.optional() }),
  {
    rule: `has(self.jwt) || has(self.not) || ${some(lists)}`,
    message:
      'Name a service account, a namespace, a principal or a network in each entry of from, set jwt, or remove the entry.',
  },
  forwarded,
).describe(
  'Callers. A caller matches if its identity is in serviceAccounts, namespaces or principals (default: any), its address in ipBlocks (default: any), the address of its client in remoteIPBlocks (default: any), its request has the token that jwt asks for (default: none), and it is not in not. Identities come from certificates; a caller without mutual TLS has none and matches them only in Deny rules, see unidentified.',
);
export type Source = z.infer<typeof Source>;
