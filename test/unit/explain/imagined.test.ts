// What a cluster would make of manifests.
import { expect, test } from '@jest/globals';
import { imaginedCluster } from '../../../operator/explain/imagined.ts';
import type { Resources } from '../../../operator/store/resources.ts';
import { resourcesFromYaml } from '../../support/builders.ts';

const deployment = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: reviews-v1, namespace: shop}
spec:
  selector: {matchLabels: {app: reviews}}
  template: {metadata: {labels: {app: reviews, version: v1}}, spec: {serviceAccountName: reviews, containers: [{name: app}]}}
`;
const service = `
apiVersion: v1
kind: Service
metadata: {name: reviews, namespace: shop}
spec: {selector: {app: reviews}, ports: [{name: http, port: 80, targetPort: web}, {name: tcp, port: 81, targetPort: 8081}]}
`;
const pod = `
apiVersion: v1
kind: Pod
metadata: {name: reviews-v1-abc, namespace: shop, labels: {app: reviews, version: v1}}
spec: {containers: [{name: app}]}
status: {phase: Running, podIP: 10.0.0.1}
`;
const mesh = `
apiVersion: meshwright.dev/v1alpha1
kind: Mesh
metadata: {name: mine}
spec: {}
`;

function imagined(...documents: readonly string[]): Resources {
  return imaginedCluster(resourcesFromYaml(documents.join('---\n')));
}

test('a Mesh with its defaults', () => {
  expect(imagined(service).meshes).toMatchObject([
    { metadata: { name: 'default' }, spec: { mtls: { mode: 'Permissive' } } },
  ]);
});

test('for a Deployment a pod with its labels, its service account, a sidecar, and the ports of its Services', () => {
  expect(imagined(deployment, service).pods).toMatchObject([
    {
      metadata: {
        name: 'reviews-v1-0',
        labels: { app: 'reviews', version: 'v1' },
        annotations: { 'meshwright.dev/injected': 'imagined' },
      },
      spec: {
        serviceAccountName: 'reviews',
        containers: [{ ports: [{ containerPort: 80, name: 'web' }, { containerPort: 8081 }] }],
      },
      status: { podIP: '198.19.0.1' },
    },
  ]);
});

test('for a Service a virtual IP, and endpoints', () => {
  const { services, endpointSlices } = imagined(deployment, service);

  expect(services).toMatchObject([{ spec: { clusterIP: '198.18.0.1' } }]);
  expect(endpointSlices).toMatchObject([
    {
      metadata: { labels: { 'kubernetes.io/service-name': 'reviews' } },
      ports: [
        { name: 'http', port: 80 },
        { name: 'tcp', port: 8081 },
      ],
      endpoints: [{ addresses: ['198.19.0.1'], targetRef: { name: 'reviews-v1-0' } }],
    },
  ]);
});

test('no sidecar in a namespace that is not selected', () => {
  const outside = 'apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n';

  expect(imagined(outside, deployment).pods[0]?.metadata.annotations).toEqual({});
});

test('nothing in place of what is there', () => {
  const slice = `
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: own, namespace: shop, labels: {kubernetes.io/service-name: reviews}}
addressType: IPv4
endpoints: []
`;
  const given = resourcesFromYaml(
    [mesh, deployment, service.replace('selector', 'clusterIP: 10.96.0.1, selector'), pod, slice].join(
      '---\n',
    ),
  );
  const { meshes, services, pods, endpointSlices } = imaginedCluster(given);

  expect({ meshes, services, pods, endpointSlices }).toEqual({
    meshes: given.meshes,
    services: given.services,
    pods: given.pods,
    endpointSlices: given.endpointSlices,
  });
});
