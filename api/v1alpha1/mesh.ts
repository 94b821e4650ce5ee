// Mesh: the cluster-wide settings. The oldest Mesh is in force; another one is told so in its status.
import { z } from 'zod';
import { Duration } from '../duration.ts';
import { dnsSubdomain, ipNetwork, listSet, matchLabels, port, shaped, withRules } from '../schema.ts';
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

/** @see https://www.rfc-editor.org/rfc/rfc3339#section-5.6 */
const timestamp = {
  pattern:
    /^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$/,
  message: 'Write a time such as 2026-01-31T12:00:00Z.',
  max: 40,
};

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
    issuedAfter: shaped(timestamp)
      .exactOptional()
      .describe(
        'Certificates issued before this time (RFC 3339) are replaced at once, and sidecars take the new ones within seconds: set it to now if a key may be known to others. A time that is still to come has no effect until then.',
      ),
  })
  .prefault({})
  .describe('The certificates that give workloads their identity.');

/** @see https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/ */
const quantity = {
  pattern: /^[0-9]+(\.[0-9]+)?(m|k|M|G|T|Ki|Mi|Gi|Ti)?$/,
  message: 'Write a quantity such as 100m, 0.5, 128Mi or 1Gi.',
  max: 32,
};

const image = {
  pattern: /^[A-Za-z0-9][A-Za-z0-9._:@/-]*$/,
  message: 'Write an image as in a pod, such as envoyproxy/envoy:distroless-v1.40.0.',
  max: 512,
};

const Amounts = z.object({
  cpu: shaped(quantity).exactOptional().describe('Processor time, for example 100m.'),
  memory: shaped(quantity).exactOptional().describe('Memory, for example 128Mi.'),
});

const Interception = z
  .object({
    excludeInboundPorts: listSet(z.array(port()).max(32))
      .default([])
      .describe('Ports of the pod that callers reach without the sidecar. At most 32.'),
    excludeOutboundPorts: listSet(z.array(port()).max(32))
      .default([])
      .describe('Ports anywhere that the application reaches without the sidecar. At most 32.'),
    excludeOutboundCIDRs: listSet(z.array(shaped(ipNetwork)).max(32))
      .default([])
      .describe('Networks that the application reaches without the sidecar. At most 32.'),
  })
  .prefault({})
  .describe(
    'Which connections bypass the sidecar. Pod template annotations of the same meaning add to these: meshwright.dev/exclude-inbound-ports, exclude-outbound-ports, exclude-outbound-cidrs (comma-separated).',
  );

const Sidecar = z
  .object({
    image: shaped(image)
      .exactOptional()
      .describe(
        'The image of the sidecar: stock Envoy. Default: the version the operator was tested with; a newer operator does not roll workloads for it.',
      ),
    initImage: shaped(image)
      .exactOptional()
      .describe('The image that redirects the traffic of a pod. Default: the image of the operator.'),
    resources: z
      .object({
        requests: Amounts.default({ cpu: '100m', memory: '128Mi' }).describe(
          'What a sidecar is sure to get. Default cpu 100m, memory 128Mi.',
        ),
        limits: Amounts.default({}).describe('What a sidecar must not exceed. Default: no limits.'),
      })
      .prefault({})
      .describe('Processor time and memory of a sidecar.'),
    interception: Interception,
    rollout: z
      .object({
        maxConcurrent: z
          .int()
          .min(1)
          .max(100)
          .default(3)
          .describe(
            'How many workloads may be rolled at a time to get, change or lose their sidecar. Default 3.',
          ),
      })
      .prefault({})
      .describe('How changes of the sidecar reach workloads.'),
    drain: withRules(Duration, {
      rule: "duration(self) <= duration('300s')",
      message: 'Set drain to 300s at most.',
    })
      .default('5s')
      .describe(
        'How long a sidecar stays, at least, when its pod ends, so that callers learn it; in whole seconds, and not longer than the grace period of the pod. Default 5s.',
      ),
  })
  .prefault({})
  .describe('The sidecar of each pod in the mesh. A change rolls the workloads, a few at a time.');

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
    sidecar: Sidecar,
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
      'Accepted: it is valid and the oldest Mesh. Programmed: every proxy runs these settings. Ready: certificates can be issued and proxies served. Injected: every workload has its sidecar. DeletionsProgrammed: no proxy runs a deleted object.',
    ),
    proxies: z
      .object({
        connected: z.int().min(0).describe('Proxies connected to the control plane.'),
        current: z
          .int()
          .min(0)
          .describe('Connected proxies that have acknowledged all of their configuration.'),
        rejecting: z.int().min(0).describe('Connected proxies that refuse a part of their configuration.'),
        summary: z
          .string()
          .max(32)
          .describe('Proxies that obey this Mesh, of all connected ones, for the printer column.'),
      })
      .optional()
      .describe('The proxies of the mesh.'),
    policies: z
      .object({
        programmed: z.int().min(0).describe('Policies whose condition Programmed is True.'),
        total: z.int().min(0).describe('All TrafficPolicies and SecurityPolicies.'),
        summary: z.string().max(32).describe('programmed/total, for the printer column.'),
      })
      .optional()
      .describe('The policies of the mesh. A policy that is not programmed says why in its own status.'),
    workloads: z
      .object({
        injected: z.int().min(0).describe('Workloads whose pod template has the sidecar as it should be.'),
        pending: z.int().min(0).describe('Workloads that have yet to get, change or lose it.'),
        refused: z.int().min(0).describe('Workloads that cannot have it; Events on them say why.'),
      })
      .optional()
      .describe('Deployments, StatefulSets, DaemonSets and CronJobs of selected namespaces.'),
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
