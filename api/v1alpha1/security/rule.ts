// An authorization rule: which callers, which requests, and whether they may pass.
import { z } from 'zod';
import { dnsLabel, shaped } from '../../schema.ts';
import { Request } from './request.ts';
import { Source } from './source.ts';

export const AuthorizationRule = z
  .object({
    name: shaped(dnsLabel).describe(
      'Name of the rule, which access logs show when it decides a request. Unique in the policy.',
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
        'Requests, any of which matches. Default: all requests. A TCP port has no requests: only ports and not.ports are compared there. An Allow rule with other fields in to matches nothing on it, and a Deny rule ignores them. At most 8.',
      ),
  })
  .describe('A rule matches if the caller matches from and the request matches to.');
