// Mesh: the cluster-wide settings. The oldest Mesh is in force; another one is told so in its status.
import { z } from 'zod';
import { Duration } from '../duration.ts';
import { dnsSubdomain, ipNetwork, listSet, matchLabels, port, shaped, withRules } from '../schema.ts';
import { type ApiObject, conditions } from './common.ts';
import { MeshDefaults } from './mesh-defaults.ts';

export const MtlsMode = z.enum(['Permissive', 'Strict', 'Disabled']);
export type MtlsMode = z.infer<typeof MtlsMode>;

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

/** @see https://www.rfc-editor.org/rfc/rfc3339#section-5.6 */
const timestamp = {
  pattern:
    /^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$/,
  message: 'Write a time such as 2026-01-31T12:00:00Z.',
  max: 40,
};

const RootRotation = z
  .object({
    issuedAfter: shaped(timestamp)
      .exactOptional()
      .describe(
        'Replaces the root certificate if it was issued before this time (RFC 3339), in steps that refuse no connection. Set it to the current time to start. A time in the future takes effect at that time.',
      ),
    renewBefore: withRules(Duration, {
      rule: "duration(self) >= duration('0s') && duration(self) <= duration('43800h')",
      message: 'Set renewBefore to 43800h (5 years) at most.',
    })
      .default('2160h')
      .describe(
        'Replaces the root certificate that long before it expires, if Meshwright created it. At most 43800h (5 years). Default: 2160h (90 days).',
      ),
    phaseTimeout: withRules(Duration, {
      rule: "duration(self) >= duration('10s') && duration(self) <= duration('2160h')",
      message: 'Set phaseTimeout between 10s and 2160h (90 days).',
    })
      .default('1h')
      .describe(
        'After a phase has lasted that long, the condition RootRotated has the reason PhaseTimeout and names the proxies that it waits for. The rotation never goes on without them. From 10s to 2160h. Default: 1h.',
      ),
    mode: z
      .enum(['Proceed', 'Abort'])
      .default('Proceed')
      .describe(
        'Proceed (default): rotations start and go on. Abort: a rotation in progress goes back to the former root, in steps as well, and none starts.',
      ),
  })
  .prefault({})
  .describe(
    'How the root certificate is replaced: Prepare creates another one, TrustBoth makes all proxies trust both, Switch signs all certificates with the new one, Retire removes the former one. Each phase waits until all proxies have proven that they are ready for the next.',
  );

const Certificates = z
  .object({
    authority: z
      .object({
        type: z
          .enum(['BuiltIn'])
          .default('BuiltIn')
          .describe(
            'BuiltIn (default): Meshwright creates its own root certificate and keeps it in a Secret.',
          ),
      })
      .prefault({})
      .describe('The certificate authority that signs workload certificates.'),
    workloadTTL: withRules(Duration, {
      rule: "duration(self) >= duration('10m') && duration(self) <= duration('2160h')",
      message: 'Set workloadTTL between 10m and 2160h (90 days).',
    })
      .default('24h')
      .describe(
        'Lifetime of a workload certificate, from 10m to 2160h (90 days). Meshwright renews it after half of its lifetime. Default: 24h.',
      ),
    issuedAfter: shaped(timestamp)
      .exactOptional()
      .describe(
        'Replaces all certificates issued before this time (RFC 3339); sidecars use the new ones within seconds. Set it to the current time if a private key may have leaked. Two minutes after a certificate was replaced, sidecars accept no new connections from it; existing connections stay. This cannot be undone. A time in the future takes effect at that time.',
      ),
    rootRotation: RootRotation,
  })
  .prefault({})
  .describe('Certificates that give workloads their identity.');

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
  cpu: shaped(quantity).exactOptional().describe('CPU, such as 100m.'),
  memory: shaped(quantity).exactOptional().describe('Memory, such as 128Mi.'),
});

const Interception = z
  .object({
    excludeInboundPorts: listSet(z.array(port()).max(32))
      .default([])
      .describe('Pod ports whose inbound traffic bypasses the sidecar. At most 32.'),
    excludeOutboundPorts: listSet(z.array(port()).max(32))
      .default([])
      .describe('Destination ports whose outbound traffic bypasses the sidecar. At most 32.'),
    excludeOutboundCIDRs: listSet(z.array(shaped(ipNetwork)).max(32))
      .default([])
      .describe('Destination networks whose outbound traffic bypasses the sidecar. At most 32.'),
  })
  .prefault({})
  .describe(
    'Traffic that bypasses the sidecar. A workload can add to these lists with the pod template annotations meshwright.dev/exclude-inbound-ports, meshwright.dev/exclude-outbound-ports and meshwright.dev/exclude-outbound-cidrs (comma-separated).',
  );

const Sidecar = z
  .object({
    image: shaped(image)
      .exactOptional()
      .describe(
        'Image of the sidecar, a stock Envoy. Default: the Envoy version that the operator was tested with. Upgrading the operator does not roll workloads to a newer default.',
      ),
    initImage: shaped(image)
      .exactOptional()
      .describe(
        'Image of the init container that redirects the traffic of a pod to the sidecar. Default: the image of the operator.',
      ),
    resources: z
      .object({
        requests: Amounts.default({ cpu: '100m', memory: '128Mi' }).describe(
          'Resource requests of a sidecar. Default: cpu 100m, memory 128Mi.',
        ),
        limits: Amounts.default({}).describe('Resource limits of a sidecar. Default: no limits.'),
      })
      .prefault({})
      .describe('CPU and memory of a sidecar.'),
    interception: Interception,
    rollout: z
      .object({
        maxConcurrent: z
          .int()
          .min(1)
          .max(100)
          .default(3)
          .describe(
            'Maximum number of workloads that roll at the same time to add, change or remove sidecars, 1 to 100. Default: 3.',
          ),
      })
      .prefault({})
      .describe('How Meshwright rolls out changes to sidecars.'),
    drain: withRules(Duration, {
      rule: "duration(self) <= duration('300s')",
      message: 'Set drain to 300s at most.',
    })
      .default('5s')
      .describe(
        'Minimum time a sidecar keeps running after its pod starts to terminate, so that callers learn that the pod is going away. Rounded up to whole seconds and limited to the termination grace period of the pod. At most 300s. Default: 5s.',
      ),
  })
  .prefault({})
  .describe(
    'Settings of the sidecar in each pod of the mesh. A change rolls the workloads, a few at a time.',
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
      })
      .prefault({})
      .describe('Mutual TLS for all workloads. A SecurityPolicy can override it for some of them.'),
    certificates: Certificates,
    defaults: MeshDefaults,
    outbound: z
      .object({
        mode: z
          .enum(['AllowAny', 'RegistryOnly'])
          .default('AllowAny')
          .describe(
            'AllowAny (default): calls to unknown addresses pass through unchanged. RegistryOnly: calls to unknown addresses are refused.',
          ),
      })
      .prefault({})
      .describe('Calls to destinations outside the mesh.'),
  })
  .describe('Settings of the mesh.');
export type MeshSpec = z.infer<typeof MeshSpec>;

export const MeshStatus = z
  .object({
    conditions: conditions(
      'Accepted: the Mesh is valid and the oldest one. Programmed: every proxy runs these settings. Ready: Meshwright can issue certificates and serve proxies. Injected: every workload has its sidecar. DeletionsProgrammed: no proxy still runs a deleted object. RootRotated: the last rotation of the root certificate is complete; absent before the first.',
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
        nextRenewal: z
          .string()
          .max(64)
          .optional()
          .describe('When the next workload certificate is renewed (RFC 3339).'),
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
