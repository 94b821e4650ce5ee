// SecurityPolicy: who may call a workload, as which end user, and whether it must be over mutual TLS.
import { z } from 'zod';
import { dnsSubdomain, listMap, shaped, withRules } from '../../schema.ts';
import type { ApiObject, PolicyStatus } from '../common.ts';
import { MtlsMode } from '../mesh.ts';
import { Authentication } from './authentication.ts';
import { AuthorizationRule } from './rule.ts';

const SecurityTargetRef = z
  .object({
    kind: z
      .enum(['Deployment', 'Service'])
      .describe('Deployment: the pods of the Deployment. Service: the pods that the Service selects.'),
    name: shaped(dnsSubdomain).describe('Name of an object in the namespace of this policy.'),
  })
  .describe('Workloads that the policy protects.');

export const SecurityPolicySpec = withRules(
  z.object({
    targetRefs: listMap(z.array(SecurityTargetRef).min(1).max(8), 'kind', 'name').describe(
      'Workloads that the policy protects, 1 to 8.',
    ),
    mtls: z
      .object({
        mode: MtlsMode.describe(
          'Permissive: the targets accept mutual TLS and plaintext. Strict: mutual TLS only. Disabled: plaintext only.',
        ),
      })
      .optional()
      .describe('Mutual TLS for the targets. Default: the setting of the Mesh.'),
    authentication: Authentication.optional().describe(
      'End users of HTTP requests, by tokens. Default: tokens are not looked at.',
    ),
    authorization: withRules(
      z.object({
        rules: listMap(z.array(AuthorizationRule).max(32), 'name').describe(
          'Rules for callers. Deny rules are evaluated before Allow rules; the order in the list does not matter. An empty list denies everyone except callers that another policy allows. At most 32.',
        ),
        unidentified: z
          .enum(['Deny', 'Ignore'])
          .default('Deny')
          .describe(
            'How Deny rules with from treat callers without mutual TLS, which have no identity. Deny: deny them like the callers in from. Ignore: let them through; callers in from can then bypass the rule with plaintext on ports that accept it.',
          ),
      }),
      {
        rule: "self.unidentified == 'Deny' || self.rules.exists(r, r.action == 'Deny' && r.from.size() > 0)",
        message: 'Remove unidentified: it only affects Deny rules with from, and there are none.',
      },
    )
      .optional()
      .describe('Who may call the targets. Default: all callers that mtls accepts.'),
  }),
  {
    rule: 'has(self.mtls) || has(self.authentication) || has(self.authorization)',
    message: 'Set mtls, authentication or authorization; without them the policy does nothing.',
  },
  {
    rule: '!has(self.authorization) || self.authorization.rules.all(r, r.from.all(f, !has(f.jwt) || (has(self.authentication) && (!has(f.jwt.provider) || self.authentication.jwt.exists(p, p.name == f.jwt.provider)))))',
    message:
      'Add the provider that jwt of a rule asks for to authentication.jwt: rules see only tokens that are verified there.',
  },
).describe('Who may call the targets, as which end user, and whether they must use mutual TLS.');
export type SecurityPolicySpec = z.infer<typeof SecurityPolicySpec>;

export type SecurityPolicy = ApiObject<'SecurityPolicy', SecurityPolicySpec, PolicyStatus>;
