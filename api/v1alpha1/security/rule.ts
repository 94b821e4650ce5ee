// An authorization rule: which callers, which requests, and whether they may pass.
import { z } from 'zod';
import { dnsLabel, listMap, listSet, shaped, withRules } from '../../schema.ts';
import { callerFields, namesSomebody } from '../callers.ts';
import { Method } from '../method.ts';
import { pathFields, pathRules } from '../path-match.ts';

const Source = withRules(z.object(callerFields), {
  rule: namesSomebody,
  message: 'Name a service account or a namespace in each entry of from, or remove the entry.',
}).describe(
  'Callers, identified by their certificate. A caller matches if it is in either list; a caller without mutual TLS matches only in Deny rules, see unidentified.',
);

const method = Method.describe('HTTP method, such as GET, PROPFIND or LIST.');

const RulePath = withRules(
  z.object({
    ...pathFields,
    ignoreCase: z
      .boolean()
      .default(false)
      .describe(
        'Whether to ignore the case of ASCII letters: /Admin matches /admin. Set it in Deny rules for applications that ignore case, such as ASP.NET, IIS, and Express by default. Default: false, because paths are case-sensitive in HTTP. With type RegularExpression, begin the expression with (?i) instead.',
      ),
  }),
  ...pathRules,
  {
    rule: "self.type != 'RegularExpression' || !self.ignoreCase",
    message: 'Remove ignoreCase, and begin the expression with (?i).',
  },
);

const Request = withRules(
  z.object({
    methods: listSet(z.array(method).max(9))
      .default([])
      .describe(
        'HTTP methods; the request must use one of them. Case-sensitive in Allow rules; Deny rules ignore case, because some applications do. Default: all methods. At most 9.',
      ),
    paths: listMap(z.array(RulePath).max(16), 'type', 'value')
      .default([])
      .describe(
        'Paths; the request must match one of them, in any encoding: /%61dmin is /admin. Applications can interpret some paths in more than one way: %2F and backslashes as slashes or not, // as one slash or two, with or without ;parameters, .. as a name or as the parent. A Deny rule matches if any interpretation matches; an Allow rule matches only if all interpretations match. A path that cannot be interpreted, such as one of more than 8,192 bytes with %, matches every Deny rule with paths and no Allow rule with paths. The application receives the path as it was sent. Default: all paths. At most 16.',
      ),
  }),
  {
    rule: 'self.methods.size() > 0 || self.paths.size() > 0',
    message: 'Name a method or a path in each entry of to, or remove the entry.',
  },
).describe('Requests. Both methods and paths must match.');

export const AuthorizationRule = z
  .object({
    name: shaped(dnsLabel).describe(
      'Name of the rule, which access logs show when it refuses a request. Unique in the policy.',
    ),
    action: z
      .enum(['Allow', 'Deny'])
      .describe(
        'Deny: refuses matching requests, even if an Allow rule matches them. Allow: lets matching requests through; once a workload has an Allow rule, requests that match none are refused. If the Deny rules for a TCP port name more than 64 callers, they refuse all callers from the same namespaces; if the Allow rules for a TCP port name more than 256, they match nobody; if all rules for an HTTP port are larger than 2 MiB, everyone is refused. The status says so.',
      ),
    from: z
      .array(Source)
      .max(8)
      .default([])
      .describe('Callers, any of which matches. Default: all callers. At most 8.'),
    to: z
      .array(Request)
      .max(8)
      .default([])
      .describe(
        'Requests, any of which matches. Default: all requests. On a TCP port, which has no requests, an Allow rule with to matches nothing, and a Deny rule with to matches every connection from its callers. At most 8.',
      ),
  })
  .describe('A rule matches if the caller matches from and the request matches to.');
