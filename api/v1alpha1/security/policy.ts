// SecurityPolicy: who may call a workload, and whether it must be over mutual TLS.
import { z } from 'zod';
import { dnsSubdomain, listMap, shaped, withRules } from '../../schema.ts';
import type { ApiObject, PolicyStatus } from '../common.ts';
import { MtlsMode } from '../mesh.ts';
import { AuthorizationRule } from './rule.ts';

const SecurityTargetRef = z
  .object({
    kind: z.enum(['Deployment', 'Service']).describe('Deployment: its pods. Service: the pods it selects.'),
    name: shaped(dnsSubdomain).describe('Its name, in the namespace of this policy.'),
  })
  .describe('The workloads the policy guards.');

export const SecurityPolicySpec = withRules(
  z.object({
    targetRefs: listMap(z.array(SecurityTargetRef).min(1).max(8), 'kind', 'name').describe(
      'The workloads that obey this policy, 1 to 8.',
    ),
    mtls: z
      .object({
        mode: MtlsMode.describe(
          'Permissive: mutual TLS and plaintext. Strict: mutual TLS only. Disabled: plaintext only.',
        ),
      })
      .optional()
      .describe('Mutual TLS of the targets. Default: what the Mesh says.'),
    authorization: z
      .object({
        rules: listMap(z.array(AuthorizationRule).max(32), 'name').describe(
          'Deny rules are looked at first, then Allow rules; their order does not matter. An empty list lets nobody in but whom an Allow rule of another policy lets in. At most 32.',
        ),
      })
      .optional()
      .describe('Who may call the targets. Default: everyone that mtls lets in.'),
  }),
  {
    rule: 'has(self.mtls) || has(self.authorization)',
    message: 'Give the policy mtls, authorization, or both; without them it does nothing.',
  },
).describe('Who may call the targets, and how.');
export type SecurityPolicySpec = z.infer<typeof SecurityPolicySpec>;

export type SecurityPolicy = ApiObject<'SecurityPolicy', SecurityPolicySpec, PolicyStatus>;
