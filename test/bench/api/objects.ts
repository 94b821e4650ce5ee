// The synthetic mesh as it is written to an API server: paths, and objects without what only the server may say.
import { customResourceDefinition } from '../../../api/crd.ts';
import { kindDefinitions } from '../../../api/v1alpha1/kinds.ts';
import type { TrafficPolicy } from '../../../api/v1alpha1/traffic/policy.ts';
import { apiVersionOf, kindOf, resourcePath } from '../../../operator/platform/kubernetes/kinds.ts';
import type { EndpointSlice, Pod, Service } from '../../../operator/objects/objects.ts';
import type { Size } from '../protocol.ts';
import { mesh, namespaceOf, namespaces, pod, service, slice, trafficPolicy } from '../synthetic-mesh.ts';
import type { Call } from './api-client.ts';

/** Where the operator looks for itself by default. */
const operatorNamespace = 'meshwright-system';

type Written = EndpointSlice | Pod | Service | TrafficPolicy | typeof mesh;

export const definitions: readonly Call[] = kindDefinitions.map((kind) => ({
  method: 'POST',
  path: '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
  body: customResourceDefinition(kind),
}));

export const meshCreation: Call = creation(mesh);

/** Those of the mesh, and the operator's own, as its installation makes it. */
export const namespaceCreations: readonly Call[] = [
  ...Array.from({ length: namespaces }, (_, index) => namespaceOf(index)),
  operatorNamespace,
].map((name) => ({
  method: 'POST',
  path: '/api/v1/namespaces',
  body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name } },
}));

/** What there is of one service: it, its endpoints, its policy, its pods, and what the kubelet would say of them. */
export function callsOf(index: number, { endpoints, policies }: Size): readonly Call[] {
  const pods = Array.from({ length: endpoints }, (_, endpoint) => pod(index, endpoint, endpoints));
  // The API server chooses the address.
  const { clusterIP: _, ...spec } = service(index).spec;
  return [
    creation({ ...service(index), spec }),
    creation(slice(index, endpoints, { unready: -1, version: 1 })),
    ...(policies ? [creation(trafficPolicy(index, 1, true))] : []),
    ...pods.flatMap((one) => [
      creation(one),
      { method: 'PATCH', path: `${pathOf(one)}/status`, body: { status: one.status } } as const,
    ]),
  ];
}

export function replacement(object: Written): Call {
  return { method: 'PUT', path: pathOf(object), body: asWritten(object) };
}

export function creation(object: Written): Call {
  const collection = resourcePath(kindOf(object.kind), object.metadata.namespace);
  return { method: 'POST', path: collection, body: asWritten(object) };
}

/** Creates it or changes its specification; without regard to what it was. */
export function specification(policy: TrafficPolicy): Call {
  return { method: 'PATCH', path: pathOf(policy), body: { spec: policy.spec } };
}

function pathOf({ kind, metadata }: Written): string {
  return `${resourcePath(kindOf(kind), metadata.namespace)}/${metadata.name}`;
}

function asWritten(object: Written): object {
  const { name, namespace, labels, annotations } = object.metadata;
  const { status: _, ...rest } = { status: null, ...object };
  // The store has no use for an image, the API server insists on one.
  const spec =
    object.kind === 'Pod'
      ? {
          ...object.spec,
          containers: object.spec.containers?.map((container) => ({ ...container, image: 'app' })),
        }
      : undefined;
  return {
    ...rest,
    ...(spec && { spec }),
    apiVersion: apiVersionOf(kindOf(object.kind)),
    metadata: { name, namespace, labels, annotations },
  };
}
