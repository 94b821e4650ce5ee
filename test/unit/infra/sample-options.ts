// The options of a sidecar, for tests.
import { podVariables, type SidecarOptions } from '../../../operator/infra/sidecar.ts';

export const sampleOptions: SidecarOptions = {
  image: 'envoy:test',
  initImage: 'meshwright:test',
  resources: { requests: { cpu: '100m', memory: '128Mi' } },
  bootstrap: {
    nodeId: `Pod~${podVariables.namespace}~${podVariables.name}~${podVariables.uid}`,
    cluster: 'default',
    xds: {
      address: 'meshwright.meshwright-system.svc',
      port: 15_012,
      serverSpiffeId: 'spiffe://cluster.local/ns/meshwright-system/sa/meshwright-operator',
    },
  },
  interception: {
    excludeInboundPorts: [],
    excludeOutboundPorts: [],
    excludeOutboundCidrs: [],
    ports: { outbound: 15_001, inbound: 15_006, readiness: 15_021 },
  },
  readinessPath: '/ready',
  certificates: { type: 'Secret', secret: 'meshwright-default' },
  drainSeconds: 5,
  revision: 'r1',
};
