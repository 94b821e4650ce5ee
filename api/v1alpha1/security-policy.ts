// SecurityPolicy: who may call a workload, and whether it must be over mutual TLS.
import { z } from 'zod';
import { type ApiObject, type PolicyStatus } from './common.ts';
import { MtlsMode } from './mesh.ts';

export const SecurityTargetRef = z.object({
  kind: z.enum(['Deployment', 'Service']),
  name: z.string().min(1).max(63),
});

export const AuthorizationRule = z.object({
  name: z.string().min(1).max(63),
  action: z.enum(['Allow', 'Deny']),
  from: z
    .array(
      z.object({
        serviceAccounts: z.array(z.string().min(3).max(127)).max(16).default([]),
        namespaces: z.array(z.string().min(1).max(63)).max(16).default([]),
      }),
    )
    .max(8)
    .default([]),
  to: z
    .array(
      z.object({
        methods: z.array(z.string().min(1).max(16)).max(9).default([]),
        paths: z.array(z.string().min(1).max(1024)).max(16).default([]),
      }),
    )
    .max(8)
    .default([]),
});

export const SecurityPolicySpec = z.object({
  targetRefs: z.array(SecurityTargetRef).min(1).max(8),
  mtls: z.object({ mode: MtlsMode }).optional(),
  authorization: z.object({ rules: z.array(AuthorizationRule).max(32) }).optional(),
});
export type SecurityPolicySpec = z.infer<typeof SecurityPolicySpec>;

export type SecurityPolicy = ApiObject<'SecurityPolicy', SecurityPolicySpec, PolicyStatus>;
