// What a cluster would make of manifests that nobody has applied yet: a Mesh, virtual IPs, pods with sidecars, and endpoints. So a folder
// of plain manifests can be explained. What is there stays as it is. Pure. Entry: imaginedCluster.
import { apiVersion } from '../../api/v1alpha1/common.ts';
import { type Mesh, MeshSpec } from '../../api/v1alpha1/mesh.ts';
import type {
  Container,
  DaemonSet,
  Deployment,
  EndpointSlice,
  Pod,
  Service,
  ServicePort,
  StatefulSet,
} from '../objects/objects.ts';
import type { Resources } from '../store/resources.ts';
import { imaginedKeys } from './imagined-keys.ts';
import { imaginedSecrets } from './imagined-secrets.ts';
import { matchesLabels } from '../values/labels.ts';
import { neverMeshed } from '../values/never-meshed.ts';
import { injectedKey, operatorNamespace } from '../values/own-names.ts';

/** What has pods for as long as it exists. */
type Owner = Deployment | StatefulSet | DaemonSet;

export function imaginedCluster(resources: Resources): Resources {
  const meshes = resources.meshes.length > 0 ? resources.meshes : [defaultMesh()];
  const services = resources.services.map(withAddress);
  const owners = [...resources.deployments, ...resources.statefulSets, ...resources.daemonSets];
  const pods = [
    ...resources.pods,
    ...owners
      .filter((owner) => !resources.pods.some((pod) => isOf(pod, owner)))
      .map((owner, index) => podOf(owner, index, { ...resources, meshes, services })),
  ];
  const endpointSlices = [
    ...resources.endpointSlices,
    ...services
      .filter((service) => !resources.endpointSlices.some((slice) => isFor(slice, service)))
      .flatMap((service) => sliceOf(service, pods)),
  ];
  const configMaps = [...resources.configMaps, ...imaginedKeys(resources)];
  const secrets = [...resources.secrets, ...imaginedSecrets(resources)];
  return { ...resources, meshes, services, pods, endpointSlices, configMaps, secrets };
}

function defaultMesh(): Mesh {
  const metadata = { name: 'default', generation: 1 };
  return { apiVersion, kind: 'Mesh', metadata, spec: MeshSpec.parse({}) };
}

/** Both of the range that RFC 2544 sets aside for tests: nobody's address is among them. */
function serviceAddress(index: number): string {
  return `198.18.${index >> 8}.${index & 255}`;
}
function podAddress(index: number): string {
  return `198.19.${index >> 8}.${index & 255}`;
}

function withAddress(service: Service, index: number): Service {
  const { clusterIP = '', type } = service.spec;
  if (clusterIP !== '' || type === 'ExternalName') return service;
  return { ...service, spec: { ...service.spec, clusterIP: serviceAddress(index + 1) } };
}

function isOf({ metadata }: Pod, owner: Owner): boolean {
  const isBeside = metadata.namespace === owner.metadata.namespace;
  return isBeside && matchesLabels(templateLabels(owner), metadata.labels ?? {});
}

function templateLabels({ spec }: Owner): Readonly<Record<string, string>> {
  return spec.template.metadata?.labels ?? {};
}

function podOf(owner: Owner, index: number, resources: Resources): Pod {
  const { template } = owner.spec;
  const { namespace = '', name } = owner.metadata;
  const labels = templateLabels(owner);
  const { serviceAccountName } = template.spec ?? {};
  const sidecar = isSelected(namespace, resources) ? { [injectedKey]: 'imagined' } : {};
  return {
    kind: 'Pod',
    metadata: {
      namespace,
      name: `${name}-0`,
      generation: 1,
      labels,
      annotations: { ...template.metadata?.annotations, ...sidecar },
    },
    spec: {
      ...(serviceAccountName !== undefined && { serviceAccountName }),
      containers: [containerFor(namespace, labels, resources.services)],
    },
    status: { phase: 'Running', podIP: podAddress(index + 1) },
  };
}

/** Of a namespace that is not among the manifests, nobody knows: it is taken to be in the mesh. */
function isSelected(namespace: string, { meshes, namespaces }: Resources): boolean {
  if (neverMeshed(operatorNamespace).includes(namespace)) return false;
  const found = namespaces.find(({ metadata }) => metadata.name === namespace);
  const wanted = meshes[0]?.spec.namespaceSelector.matchLabels ?? {};
  return found === undefined || matchesLabels(wanted, found.metadata.labels ?? {});
}

/** With the ports by which Services call it: those of the template are not kept (platform/kubernetes/convert.ts). */
function containerFor(
  namespace: string,
  labels: Readonly<Record<string, string>>,
  services: readonly Service[],
): Container {
  const selecting = services.filter(
    ({ metadata, spec }) =>
      metadata.namespace === namespace && spec.selector !== undefined && matchesLabels(spec.selector, labels),
  );
  const ports = selecting
    .flatMap(({ spec }) => spec.ports ?? [])
    .map((port) => ({
      containerPort: targetPort(port),
      ...(typeof port.targetPort === 'string' && { name: port.targetPort }),
    }));
  return { name: 'app', ports };
}

function targetPort({ port, targetPort: target }: ServicePort): number {
  return typeof target === 'number' ? target : port;
}

/** @see https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/ */
const serviceNameLabel = 'kubernetes.io/service-name';

function isFor({ metadata }: EndpointSlice, service: Service): boolean {
  const isBeside = metadata.namespace === service.metadata.namespace;
  return isBeside && metadata.labels?.[serviceNameLabel] === service.metadata.name;
}

/** None where no pod is selected. */
function sliceOf(service: Service, pods: readonly Pod[]): readonly EndpointSlice[] {
  const { namespace = '', name } = service.metadata;
  const { selector, ports = [] } = service.spec;
  if (selector === undefined || Object.keys(selector).length === 0) return [];
  const selected = pods.filter(
    ({ metadata }) => metadata.namespace === namespace && matchesLabels(selector, metadata.labels ?? {}),
  );
  if (selected.length === 0) return [];
  return [
    {
      kind: 'EndpointSlice',
      metadata: { namespace, name: `${name}-imagined`, labels: { [serviceNameLabel]: name } },
      addressType: 'IPv4',
      ports: ports.map((port) => ({ name: port.name ?? '', port: targetPort(port), protocol: 'TCP' })),
      endpoints: selected.flatMap(({ metadata, status }) =>
        status?.podIP === undefined
          ? []
          : [
              {
                addresses: [status.podIP],
                conditions: { ready: true },
                targetRef: { kind: 'Pod', namespace, name: metadata.name },
              },
            ],
      ),
    },
  ];
}
