// An authorization rule: which callers, which requests, and whether they may pass.
import { z } from 'zod';
import { dnsLabel, listMap, listSet, shaped, withRules } from '../../schema.ts';
import { PathMatch } from '../path-match.ts';

const serviceAccount = shaped({
  pattern: /^[a-z0-9]([-a-z0-9]*[a-z0-9])?\/[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/,
  message: 'Write a service account as namespace/name, such as shop/productpage.',
  max: 317,
}).describe('A service account as namespace/name.');

const Source = withRules(
  z.object({
    serviceAccounts: listSet(z.array(serviceAccount).max(16))
      .default([])
      .describe('Callers that run as one of these, each as namespace/name. At most 16.'),
    namespaces: listSet(z.array(shaped(dnsLabel).describe('A namespace.')).max(16))
      .default([])
      .describe('Callers that run in one of these namespaces. At most 16.'),
  }),
  {
    rule: 'self.serviceAccounts.size() > 0 || self.namespaces.size() > 0',
    message: 'Name a service account or a namespace in each entry of from, or remove the entry.',
  },
).describe(
  'Callers, known by their certificate: those in either list. A caller without mutual TLS is in none.',
);

const method = withRules(
  shaped({
    pattern: /^[A-Z]([A-Z-]*[A-Z])?$/,
    message: 'Write the method in upper case, such as GET.',
    max: 16,
  }),
  {
    rule: "self != 'CONNECT'",
    message: 'Leave CONNECT out: sidecars open no tunnels, and answer 404 before they look at rules.',
  },
).describe('An HTTP method in upper case.');

const Request = withRules(
  z.object({
    methods: listSet(z.array(method).max(9))
      .default([])
      .describe('Any of these methods. Default: all. At most 9.'),
    paths: listMap(z.array(PathMatch).max(16), 'type', 'value')
      .default([])
      .describe('Any of these paths. Default: all. At most 16.'),
  }),
  {
    rule: 'self.methods.size() > 0 || self.paths.size() > 0',
    message: 'Name a method or a path in each entry of to, or remove the entry.',
  },
).describe('Requests: method and path must both hold.');

export const AuthorizationRule = z
  .object({
    name: shaped(dnsLabel).describe(
      'What logs call the rule when it refuses a request; unique in the policy.',
    ),
    action: z
      .enum(['Allow', 'Deny'])
      .describe(
        'Deny: refuse what matches, whatever else allows it. Allow: let through what matches; once a workload has an Allow rule, what none of them matches is refused. If the Deny rules of a TCP port name more than 64 callers, they refuse all callers from the same namespaces.',
      ),
    from: z
      .array(Source)
      .max(8)
      .default([])
      .describe('The callers it is about: any of these. Default: everyone. At most 8.'),
    to: z
      .array(Request)
      .max(8)
      .default([])
      .describe(
        'The requests it is about: any of these. Default: all. A TCP port has no requests: there an Allow rule with to matches nothing, and a Deny rule matches all connections of its callers. At most 8.',
      ),
  })
  .describe('A caller in from and a request in to make the rule match.');
