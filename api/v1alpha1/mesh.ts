// Mesh: the cluster-wide settings. The oldest Mesh is in force; another one is told so in its status.
import { z } from 'zod';
import { Duration } from '../duration.ts';
import { type ApiObject, Condition } from './common.ts';

export const MtlsMode = z.enum(['Permissive', 'Strict', 'Disabled']);
export type MtlsMode = z.infer<typeof MtlsMode>;

export const MeshSpec = z.object({
  trustDomain: z.string().min(1).max(253).default('cluster.local'),
  namespaceSelector: z
    .object({ matchLabels: z.record(z.string().max(253), z.string().max(63)).default({}) })
    .default({ matchLabels: { 'meshwright.dev/mesh': 'enabled' } }),
  mtls: z.object({ mode: MtlsMode.default('Permissive') }).prefault({}),
  certificates: z
    .object({
      authority: z.object({ type: z.enum(['BuiltIn']).default('BuiltIn') }).prefault({}),
      workloadTTL: Duration.default('24h'),
    })
    .prefault({}),
  outbound: z.object({ mode: z.enum(['AllowAny', 'RegistryOnly']).default('AllowAny') }).prefault({}),
});
export type MeshSpec = z.infer<typeof MeshSpec>;

export const MeshStatus = z.object({
  conditions: z.array(Condition).max(16),
  proxies: z
    .object({ connected: z.int().min(0), current: z.int().min(0), rejecting: z.int().min(0), summary: z.string().max(32) })
    .optional(),
  certificates: z.object({ rootNotAfter: z.string().max(64).optional(), nextRenewal: z.string().max(64).optional() }).optional(),
});
export type MeshStatus = z.infer<typeof MeshStatus>;

export type Mesh = ApiObject<'Mesh', MeshSpec, MeshStatus>;
