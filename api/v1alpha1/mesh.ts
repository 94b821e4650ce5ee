// Mesh: the cluster-wide settings. The oldest Mesh is in force; another one is told so in its status.
import { z } from 'zod';
import { dnsSubdomain, matchLabels, shaped } from '../schema.ts';
import { Certificates } from './certificates.ts';
import { type ApiObject, conditions } from './common.ts';
import { MeshDefaults } from './mesh-defaults.ts';
import { Outbound } from './outbound.ts';
import { MtlsMode, MtlsTransition } from './mtls.ts';
import { Sidecar } from './sidecar.ts';
import { Telemetry } from './telemetry/telemetry.ts';

const NamespaceSelector = z
  .object({
    matchLabels: matchLabels()
      .default({})
      .describe('Labels that a namespace must have. An empty map selects every namespace. At most 16.'),
  })
  .default({ matchLabels: { 'meshwright.dev/mesh': 'enabled' } })
  .describe(
    'Namespaces whose workloads are part of the mesh. Default: namespaces with the label meshwright.dev/mesh=enabled.',
  );

export const MeshSpec = z
  .object({
    trustDomain: shaped({
      ...dnsSubdomain,
      message: `Write trustDomain like a DNS name, such as cluster.local. ${dnsSubdomain.message}`,
    })
      .default('cluster.local')
      .describe(
        'Trust domain of every identity: spiffe://<trustDomain>/ns/<namespace>/sa/<serviceAccount>. Default: cluster.local.',
      ),
    namespaceSelector: NamespaceSelector,
    sidecar: Sidecar,
    mtls: z
      .object({
        mode: MtlsMode.default('Permissive').describe(
          'Permissive (default): workloads accept mutual TLS and plaintext. Strict: mutual TLS only. Disabled: plaintext only.',
        ),
        transition: MtlsTransition.optional(),
      })
      .prefault({})
      .describe('Mutual TLS for all workloads. A SecurityPolicy can override it for some of them.'),
    certificates: Certificates,
    defaults: MeshDefaults,
    outbound: Outbound,
    telemetry: Telemetry,
  })
  .describe('Settings of the mesh.');
export type MeshSpec = z.infer<typeof MeshSpec>;

export const MeshStatus = z
  .object({
    conditions: conditions(
      'Accepted: the Mesh is valid and the oldest one. Programmed: every proxy runs these settings. Ready: Meshwright can issue certificates and serve proxies. Injected: every workload has its sidecar. InjectionReady: whether the API server adds sidecars to pods or Meshwright to pod templates, and why; absent without a cluster. DeletionsProgrammed: no proxy still runs a deleted object. AuthorityHealthy: certificates are signed by the authority of spec.certificates, and it does not expire soon; absent for a built-in authority without problems. CertificatesDelivered: how pods get their certificates and why, and whether all that ask for one have it; absent without a cluster. RootRotated: the last rotation of the root certificate is complete; absent before the first. MetricsWithinBudget: False if a label of the metrics of traffic is folded; absent otherwise. TelemetryDelivered: the providers of spec.telemetry take what the leading replica of the operator sends them; absent without providers.',
    ),
    proxies: z
      .object({
        connected: z.int().min(0).describe('Proxies connected to the control plane.'),
        current: z
          .int()
          .min(0)
          .describe('Connected proxies that have acknowledged their whole configuration.'),
        rejecting: z
          .int()
          .min(0)
          .describe('Connected proxies that have rejected part of their configuration.'),
        unreachable: z
          .int()
          .min(0)
          .optional()
          .describe(
            'Proxies of existing workloads that are not connected. The configuration they run is unknown.',
          ),
        summary: z
          .string()
          .max(32)
          .describe('Proxies that run this generation of the Mesh / all proxies, for the printer column.'),
      })
      .optional()
      .describe('Proxies of the mesh.'),
    policies: z
      .object({
        programmed: z.int().min(0).describe('Policies whose condition Programmed is True.'),
        total: z.int().min(0).describe('All TrafficPolicies and SecurityPolicies.'),
        summary: z.string().max(32).describe('programmed/total, for the printer column.'),
      })
      .optional()
      .describe('Policies of the mesh. The status of each policy says why it is not programmed.'),
    workloads: z
      .object({
        injected: z.int().min(0).describe('Workloads with an up-to-date sidecar.'),
        pending: z.int().min(0).describe('Workloads that still have to add, change or remove the sidecar.'),
        refused: z.int().min(0).describe('Workloads that cannot have a sidecar. Events on them say why.'),
        unmeshed: z
          .int()
          .min(0)
          .optional()
          .describe('Pods without a sidecar in selected namespaces that none of these workloads manages.'),
      })
      .optional()
      .describe('Deployments, StatefulSets, DaemonSets and CronJobs in selected namespaces.'),
    certificates: z
      .object({
        rootNotAfter: z.string().max(64).optional().describe('When the root certificate expires (RFC 3339).'),
        intermediateNotAfter: z
          .string()
          .max(64)
          .optional()
          .describe(
            'When the intermediate certificate that signs workload certificates expires (RFC 3339). Absent: the root signs them.',
          ),
        nextRenewal: z
          .string()
          .max(64)
          .optional()
          .describe('When the next workload certificate is renewed (RFC 3339).'),
        delivery: z
          .enum(['Secret', 'PodCertificate'])
          .optional()
          .describe(
            'How new pods get their certificates. The condition CertificatesDelivered says why. Absent: it is not known yet, or not possible in the way that spec.certificates.delivery asks for.',
          ),
        rootRotation: z
          .object({
            phase: z
              .enum(['Prepare', 'TrustBoth', 'Switch', 'Retire'])
              .describe('Prepare, TrustBoth, Switch or Retire.'),
            direction: z
              .enum(['Forward', 'Back'])
              .describe('Forward: to the new root. Back: the rotation was aborted, and goes back.'),
            since: z.string().max(64).describe('When this phase started (RFC 3339).'),
            ready: z.int().min(0).describe('Proxies that have done what this phase asks for.'),
            waitingFor: z.int().min(0).describe('Proxies that this phase waits for.'),
          })
          .optional()
          .describe('The rotation of the root certificate in progress. Absent: there is none.'),
      })
      .optional()
      .describe('State of the certificate authority.'),
  })
  .describe('Written by Meshwright.');
export type MeshStatus = z.infer<typeof MeshStatus>;

export type Mesh = ApiObject<'Mesh', MeshSpec, MeshStatus>;
