// Mesh: the cluster-wide settings. The oldest Mesh is in force; another one is told so in its status.
import { z } from 'zod';
import { Duration } from '../duration.ts';
import { dnsSubdomain, matchLabels, shaped, withRules } from '../schema.ts';
import { type ApiObject, conditions } from './common.ts';

export const MtlsMode = z.enum(['Permissive', 'Strict', 'Disabled']);
export type MtlsMode = z.infer<typeof MtlsMode>;

const NamespaceSelector = z
  .object({
    matchLabels: matchLabels()
      .default({})
      .describe('Labels a namespace must have. None selects every namespace. At most 16.'),
  })
  .default({ matchLabels: { 'meshwright.dev/mesh': 'enabled' } })
  .describe(
    'The namespaces whose workloads are in the mesh. Default: those with the label meshwright.dev/mesh=enabled.',
  );

const Certificates = z
  .object({
    authority: z
      .object({
        type: z
          .enum(['BuiltIn'])
          .default('BuiltIn')
          .describe('BuiltIn (default): Meshwright makes a root of its own and keeps it in a Secret.'),
      })
      .prefault({})
      .describe('Who signs the certificates of workloads.'),
    workloadTTL: withRules(Duration, {
      rule: "duration(self) >= duration('10m') && duration(self) <= duration('2160h')",
      message: 'Set workloadTTL between 10m and 2160h (90 days).',
    })
      .default('24h')
      .describe(
        'How long the certificate of a workload is valid, from 10m to 2160h (90 days). It is renewed at half of this. Default 24h.',
      ),
  })
  .prefault({})
  .describe('The certificates that give workloads their identity.');

export const MeshSpec = z
  .object({
    trustDomain: shaped({
      ...dnsSubdomain,
      message: `Write trustDomain like a DNS name, such as cluster.local. ${dnsSubdomain.message}`,
    })
      .default('cluster.local')
      .describe(
        'The first part of every identity: spiffe://<trustDomain>/ns/<namespace>/sa/<serviceAccount>. Default cluster.local.',
      ),
    namespaceSelector: NamespaceSelector,
    mtls: z
      .object({
        mode: MtlsMode.default('Permissive').describe(
          'Permissive (default): workloads take mutual TLS and plaintext. Strict: mutual TLS only. Disabled: plaintext only.',
        ),
      })
      .prefault({})
      .describe('Mutual TLS of all workloads; a SecurityPolicy may say otherwise for some.'),
    certificates: Certificates,
    outbound: z
      .object({
        mode: z
          .enum(['AllowAny', 'RegistryOnly'])
          .default('AllowAny')
          .describe(
            'AllowAny (default): calls to addresses the mesh does not know pass unchanged. RegistryOnly: they are refused.',
          ),
      })
      .prefault({})
      .describe('Calls that leave the mesh.'),
  })
  .describe('The settings of the mesh.');
export type MeshSpec = z.infer<typeof MeshSpec>;

export const MeshStatus = z
  .object({
    conditions: conditions(
      'Accepted: it is valid and the oldest Mesh. Programmed: every connected proxy has acknowledged it. Ready: certificates can be issued and proxies served.',
    ),
    proxies: z
      .object({
        connected: z.int().min(0).describe('Proxies connected to the control plane.'),
        current: z
          .int()
          .min(0)
          .describe('Connected proxies that have acknowledged all of their configuration.'),
        rejecting: z.int().min(0).describe('Connected proxies that refuse a part of their configuration.'),
        summary: z.string().max(32).describe('current/connected, for the printer column.'),
      })
      .optional()
      .describe('The proxies of the mesh.'),
    certificates: z
      .object({
        rootNotAfter: z.string().max(64).optional().describe('When the root certificate expires (RFC 3339).'),
        nextRenewal: z
          .string()
          .max(64)
          .optional()
          .describe('When the next workload certificate is renewed (RFC 3339).'),
      })
      .optional()
      .describe('The state of the certificate authority.'),
  })
  .describe('Written by Meshwright.');
export type MeshStatus = z.infer<typeof MeshStatus>;

export type Mesh = ApiObject<'Mesh', MeshSpec, MeshStatus>;
