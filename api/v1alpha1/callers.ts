// Who calls: the same in every kind of policy.
import { z } from 'zod';
import { dnsLabel, listSet, shaped } from '../schema.ts';

const serviceAccount = shaped({
  pattern: /^[a-z0-9]([-a-z0-9]*[a-z0-9])?\/[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/,
  message: 'Write a service account as namespace/name, such as shop/productpage.',
  max: 317,
}).describe('Service account as namespace/name.');

/** A caller that is in either list. */
export const callerFields = {
  serviceAccounts: listSet(z.array(serviceAccount).max(16))
    .default([])
    .describe('Service accounts of the callers, each as namespace/name. At most 16.'),
  namespaces: listSet(z.array(shaped(dnsLabel).describe('Name of a namespace.')).max(16))
    .default([])
    .describe('Namespaces of the callers. At most 16.'),
};

/** CEL, for an object with these fields. */
export const namesSomebody = 'self.serviceAccounts.size() > 0 || self.namespaces.size() > 0';
