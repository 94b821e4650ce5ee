// The status of a TrafficPolicy: that of any policy, and who uses how much of its quotas.
import { z } from 'zod';
import { PolicyStatus } from '../common.ts';

const QuotaUser = z
  .object({
    key: z
      .string()
      .max(256)
      .describe(
        'SPIFFE ID or IP address of the caller, value of the header, or path. "(none)" stands for requests without one, "(others)" for all beyond those that are counted separately. Values of headers that may be secrets are hashed.',
      ),
    admitted: z
      .int()
      .min(0)
      .describe('Requests that were admitted; of a quota with cost, the units that they took.'),
    refused: z.int().min(0).describe('Requests that were refused.'),
  })
  .describe('Requests that share the quota.');

const QuotaUsage = z
  .object({
    name: z.string().max(63).describe('Name of the quota.'),
    service: z.string().max(320).describe('Namespace and name of the Service, such as "shop/ratings".'),
    costHeader: z
      .string()
      .max(256)
      .optional()
      .describe(
        'Header that says how many units of the quota a request takes: admitted counts units. Absent for a quota without cost, which counts requests.',
      ),
    since: z.iso.datetime().describe('When the present period began.'),
    admitted: z
      .int()
      .min(0)
      .describe(
        'Requests that were admitted in this period; of a quota with cost, the units that they took.',
      ),
    refused: z.int().min(0).describe('Requests that were refused in this period.'),
    keys: z
      .int()
      .min(1)
      .describe(
        'Number of callers, values or paths that are counted separately, and 1 for all others together: 10001 stands for more than 10000. 1 for per: All.',
      ),
    users: z
      .array(QuotaUser)
      .max(5)
      .optional()
      .describe('Those with the most requests, at most 5. Absent for per: All.'),
  })
  .describe('What is used of a quota at a Service.');
export type QuotaUsageStatus = z.infer<typeof QuotaUsage>;

export const TrafficPolicyStatus = PolicyStatus.extend({
  quotas: z
    .array(QuotaUsage)
    .max(16)
    .optional()
    .describe(
      'What is used of the quotas in their present period, as far as sidecars have reported: the 16 with the most requests. Updated at most every 30 seconds. Without quotas that are not asked for, and those with a period of less than a minute.',
    ),
}).describe('Written by Meshwright.');
export type TrafficPolicyStatus = z.infer<typeof TrafficPolicyStatus>;
