// TrafficPolicy: how calls to a Service are routed, and what happens when they fail.
import { z } from 'zod';
import { Duration } from '../duration.ts';
import { type ApiObject, type PolicyStatus } from './common.ts';

const name = z.string().min(1).max(63).regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/);
const percentage = z.int().min(0).max(100);

export const TrafficTargetRef = z.object({
  kind: z.enum(['Service']),
  name,
  port: z.int().min(1).max(65_535).optional(),
});

export const Subset = z.object({
  name,
  matchLabels: z.record(z.string().max(253), z.string().max(63)),
});

export const RouteMatch = z.object({
  path: z
    .object({
      type: z.enum(['Exact', 'PathPrefix', 'RegularExpression']).default('PathPrefix'),
      value: z.string().min(1).max(1024),
    })
    .optional(),
  method: z.enum(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH']).optional(),
  headers: z
    .array(
      z.object({
        type: z.enum(['Exact', 'RegularExpression']).default('Exact'),
        name: z.string().min(1).max(256),
        value: z.string().max(1024),
      }),
    )
    .max(16)
    .default([]),
});

export const RetryCondition = z.enum(['ConnectFailure', 'RefusedStream', 'Reset', 'GatewayError', 'ServerError']);
export type RetryCondition = z.infer<typeof RetryCondition>;

export const Retry = z.object({
  attempts: z.int().min(0).max(10),
  perTryTimeout: Duration.optional(),
  on: z.array(RetryCondition).max(5).default(['ConnectFailure', 'RefusedStream']),
});

export const Fault = z.object({
  delay: z.object({ duration: Duration, percentage: percentage.default(100) }).optional(),
  abort: z.object({ status: z.int().min(200).max(599), percentage: percentage.default(100) }).optional(),
});

export const Route = z.object({
  name: name.optional(),
  matches: z.array(RouteMatch).max(8).default([]),
  backends: z
    .array(z.object({ subset: name.optional(), weight: z.int().min(0).max(1_000_000).default(1) }))
    .max(8)
    .default([]),
  timeout: Duration.optional(),
  retry: Retry.optional(),
  fault: Fault.optional(),
});

export const TrafficPolicySpec = z.object({
  targetRefs: z.array(TrafficTargetRef).min(1).max(8),
  subsets: z.array(Subset).max(16).default([]),
  routes: z.array(Route).max(16).default([]),
});
export type TrafficPolicySpec = z.infer<typeof TrafficPolicySpec>;

export type TrafficPolicy = ApiObject<'TrafficPolicy', TrafficPolicySpec, PolicyStatus>;
