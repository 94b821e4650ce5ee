// The part of a Mesh about the sidecars of pods.
import { z } from 'zod';
import { Duration } from '../duration.ts';
import { ipNetwork, listSet, port, shaped, withRules } from '../schema.ts';

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

export const Sidecar = z
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
        limits: Amounts.default({}).describe(
          'Resource limits of a sidecar. A sidecar that is about to reach its memory limit closes idle connections early and refuses new ones. Default: no limits.',
        ),
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
        otherPods: z
          .enum(['Keep', 'Evict'])
          .default('Keep')
          .describe(
            'What happens to pods that no Deployment, StatefulSet or DaemonSet manages, but another controller, such as a ReplicaSet of its own, when their sidecar is missing, outdated or no longer wanted. Keep (default): they stay as they are until you replace them, and the condition Injected names them. Evict: where the API server adds sidecars, Meshwright evicts them through the Eviction API, which respects PodDisruptionBudgets: one pod of a controller at a time, and the next when all of its pods are ready again. Pods without a controller, of Jobs, and with another restartPolicy than Always are never evicted.',
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
