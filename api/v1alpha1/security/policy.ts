// SecurityPolicy: who may call a workload, as which end user, and whether it must be over mutual TLS.
import { z } from 'zod';
import { dnsSubdomain, listMap, matchLabels, shaped, withRules } from '../../schema.ts';
import type { ApiObject } from '../common.ts';
import { PolicyMtls } from '../mtls.ts';
import { Authentication } from './authentication.ts';
import { ExternalAuthorizer } from './external-authorizer.ts';
import { AuthorizationRule } from './rule.ts';
import type { SecurityPolicyStatus } from './status.ts';

const SecurityTargetRef = withRules(
  z.object({
    kind: z
      .enum(['Mesh', 'Namespace', 'Service', 'Deployment', 'StatefulSet', 'DaemonSet', 'ExternalWorkload'])
      .describe(
        'Mesh: all workloads; only for policies in the namespace of the Meshwright operator. Namespace: all workloads in the namespace of this policy. Service: the workloads that the Service selects, on its ports. Deployment, StatefulSet, DaemonSet: their pods, on all ports. ExternalWorkload: that workload.',
      ),
    name: shaped(dnsSubdomain).describe(
      'Name of the Mesh, of the namespace of this policy, or of an object in this namespace.',
    ),
  }),
  {
    rule: "self.kind != 'Namespace' || (self.name.size() <= 63 && !self.name.contains('.'))",
    message: "Write the name of a namespace: at most 63 characters, without '.'.",
  },
).describe('Workloads that the policy protects.');

const Selector = withRules(
  z.object({
    matchLabels: matchLabels().describe(
      'Labels that pods and ExternalWorkloads must have, all of them. 1 to 16.',
    ),
  }),
  {
    rule: 'self.matchLabels.size() > 0',
    message: 'Give at least one label. To protect all workloads of the namespace, target the Namespace.',
  },
).describe('Workloads in the namespace of this policy, by their labels.');

export const SecurityPolicySpec = withRules(
  z.object({
    targetRefs: listMap(z.array(SecurityTargetRef).max(8), 'kind', 'name')
      .default([])
      .describe('Workloads that the policy protects. At most 8. Required unless selector is set.'),
    selector: Selector.optional().describe(
      'Workloads that the policy protects, by their labels, in addition to targetRefs.',
    ),
    mtls: PolicyMtls.optional(),
    authentication: Authentication.optional().describe(
      'End users of HTTP requests, by tokens. Default: tokens are not looked at.',
    ),
    authorization: withRules(
      z.object({
        rules: listMap(z.array(AuthorizationRule).max(32), 'name')
          .optional()
          .describe(
            'Rules for callers. Deny rules are evaluated before Allow rules; the order in the list does not matter. An empty list denies everyone except callers that another policy allows. Required unless external is set. At most 32.',
          ),
        external: ExternalAuthorizer.optional(),
        enforcement: z
          .enum(['Enforce', 'Audit'])
          .default('Enforce')
          .describe(
            'Enforce (default): requests that the rules do not permit are refused. Audit: the rules refuse nobody; access logs and counters of the sidecars of the targets tell which requests they would refuse if they were enforced together with all other rules. On TCP ports, Audit reports nothing.',
          ),
        responseHeader: z
          .boolean()
          .default(false)
          .describe(
            'Adds the header x-meshwright-authorization to responses of HTTP ports: the namespace, policy and name of the rule that allowed or denied the request, or denied if no Allow rule matches. It tells callers how the workload is protected: use it to find mistakes. Default: false.',
          ),
        unidentified: z
          .enum(['Deny', 'Ignore'])
          .default('Deny')
          .describe(
            'How Deny rules with from treat callers without mutual TLS, which have no identity. Deny: deny them like the callers in from. Ignore: let them through; callers in from can then bypass the rule with plaintext on ports that accept it.',
          ),
      }),
      {
        rule: "self.unidentified == 'Deny' || (has(self.rules) && self.rules.exists(r, r.action == 'Deny' && r.from.size() > 0))",
        message: 'Remove unidentified: it only affects Deny rules with from, and there are none.',
      },
      {
        rule: 'has(self.rules) || has(self.external)',
        message: 'Set rules or external. An empty list of rules denies everyone.',
      },
      {
        rule: "self.enforcement == 'Enforce' || !has(self.external)",
        message:
          'Remove external, or set enforcement to Enforce: an external authorizer cannot be on trial. Put it into a policy of its own.',
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
    rule: 'self.targetRefs.size() > 0 || has(self.selector)',
    message: 'Set targetRefs or selector: without them the policy protects nothing.',
  },
  {
    rule: '!has(self.authorization) || !has(self.authorization.rules) || self.authorization.rules.all(r, r.from.all(f, !has(f.jwt) || (has(self.authentication) && (!has(f.jwt.provider) || self.authentication.jwt.exists(p, p.name == f.jwt.provider)))))',
    message:
      'Add the provider that jwt of a rule asks for to authentication.jwt: rules see only tokens that are verified there.',
  },
).describe('Who may call the targets, as which end user, and whether they must use mutual TLS.');
export type SecurityPolicySpec = z.infer<typeof SecurityPolicySpec>;

export type SecurityPolicy = ApiObject<'SecurityPolicy', SecurityPolicySpec, SecurityPolicyStatus>;
