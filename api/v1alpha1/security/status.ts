// The status of a SecurityPolicy: that of any policy, and what its rules would refuse while they are on trial.
import { z } from 'zod';
import { conditions, PolicyStatus } from '../common.ts';

const AuditRefusal = z
  .object({
    caller: z
      .string()
      .max(1024)
      .describe(
        'SPIFFE ID of the caller, or its IP address if it has no identity. "other" and "other addresses" stand for callers beyond those that are counted separately.',
      ),
    object: z
      .string()
      .max(512)
      .optional()
      .describe('Pod or node that has the IP address of the caller, such as "Pod shop/curl".'),
    port: z.string().max(16).describe('Port that was called.'),
    rule: z
      .string()
      .max(512)
      .optional()
      .describe('Name of the Deny rule that matches. Absent if no Allow rule matches.'),
    routes: z
      .array(z.string().max(128))
      .max(3)
      .optional()
      .describe(
        'Methods and paths of these requests, such as "GET /admin", without queries. The most frequent first, at most 3.',
      ),
    requests: z.int().min(1).describe('Number of requests.'),
    lastTime: z.iso.datetime().describe('Time of the last request, to about ten seconds.'),
  })
  .describe('Requests of one caller.');

export const AuditStatus = z
  .object({
    requests: z.int().min(1).describe('Requests that the rules would have refused, of all callers.'),
    callers: z.int().min(1).describe('Number of different callers.'),
    since: z.iso
      .datetime()
      .optional()
      .describe('Requests since this time are counted. Absent: those of the last hour.'),
    refusals: z.array(AuditRefusal).max(10).describe('The callers with the most requests. At most 10.'),
  })
  .describe(
    'Requests that the rules would have refused in the last hour, while enforcement is Audit. Updated at most every 30 seconds. Absent if there were none.',
  );
export type AuditStatus = z.infer<typeof AuditStatus>;

export const SecurityPolicyStatus = PolicyStatus.extend({
  conditions: conditions(
    `${PolicyStatus.shape.conditions.description ?? ''} KeysFetched: the keys of all issuers with jwks.uri were fetched. WouldRefuse: while enforcement is Audit, whether the rules would have refused requests, and which; for an hour after it is set to Enforce, what they would have refused before.`,
  ),
  audit: AuditStatus.optional(),
}).describe('Written by Meshwright.');
export type SecurityPolicyStatus = z.infer<typeof SecurityPolicyStatus>;
