// Who is a node of the graph: the Service that workloads stand behind, or workloads of one name that no Service names. Callers are known by
// their service account only, so where several nodes share one it is a node of its own. Pure.
import type { MeshIr, WorkloadIr } from '../../ir/mesh-ir.ts';
import type { Pod } from '../../objects/objects.ts';
import { isPlaintext } from '../../telemetry/point.ts';
import type { GraphNode } from './json.ts';

export type NodeName = Pick<GraphNode, 'id' | 'kind' | 'namespace' | 'name'>;

export interface Nodes {
  /** Of a workload, by its key; undefined: it is gone. */
  readonly ofWorkload: (key: string) => NodeName | undefined;
  /** Of a caller: a SPIFFE ID, or an address. */
  readonly ofSource: (source: string) => NodeName;
  /** All that have workloads, with their keys. */
  readonly all: ReadonlyMap<string, { readonly node: NodeName; readonly workloads: readonly WorkloadIr[] }>;
}

/** Callers without mutual TLS that nobody knows. */
export const outside: NodeName = { id: 'outside', kind: 'outside', namespace: '', name: 'Outside the mesh' };

export function nodesOf(ir: MeshIr | null, pods: readonly Pod[]): Nodes {
  const serviceOf = servicesByWorkload(ir);
  const nameOf = namesOf(pods);
  const byWorkload = new Map<string, NodeName>();
  const bySource = new Map<string, Map<string, NodeName>>();
  const all = new Map<string, { node: NodeName; workloads: WorkloadIr[] }>();
  for (const workload of ir?.workloads ?? []) {
    const { key, namespace, name } = workload;
    const service = serviceOf.get(key);
    const node =
      service === undefined
        ? nodeName('workload', namespace, nameOf.get(key) ?? name)
        : nodeName('service', ...service);
    byWorkload.set(key, node);
    const known = all.get(node.id) ?? { node, workloads: [] };
    all.set(node.id, known);
    known.workloads.push(workload);
    for (const source of sourcesOf(workload)) {
      const nodes = bySource.get(source) ?? new Map<string, NodeName>();
      bySource.set(source, nodes.set(node.id, node));
    }
  }
  return {
    ofWorkload: (key) => byWorkload.get(key),
    ofSource: (source) => {
      const [node, ...others] = bySource.get(source)?.values() ?? [];
      return node !== undefined && others.length === 0 ? node : namedBySource(source);
    },
    all,
  };
}

/** Callers come with an identity, or with the address of a pod. That of another workload may be that of many. */
function sourcesOf({ kind, identity, addresses }: WorkloadIr): readonly string[] {
  return kind === 'Pod' ? [identity.spiffeId, ...addresses] : [identity.spiffeId];
}

function namedBySource(source: string): NodeName {
  if (isPlaintext(source)) return outside;
  const [, namespace, name] = /^spiffe:\/\/[^/]*\/ns\/([^/]+)\/sa\/([^/]+)$/.exec(source) ?? [];
  if (namespace === undefined || name === undefined) return nodeName('account', '', source);
  return nodeName('account', namespace, name);
}

function nodeName(kind: 'service' | 'workload' | 'account', namespace: string, name: string): NodeName {
  return { id: `${kind}/${namespace}/${name}`, kind, namespace, name };
}

type ServiceName = readonly [namespace: string, name: string];

/** Of several Services the one with the most endpoints; of equal ones the first by name. */
function servicesByWorkload(ir: MeshIr | null): ReadonlyMap<string, ServiceName> {
  const found = new Map<string, { readonly service: ServiceName; readonly size: number }>();
  for (const { namespace, service, endpoints } of ir?.services ?? []) {
    for (const { workload } of endpoints) {
      const known = found.get(workload);
      if (workload === '' || (known !== undefined && known.size >= endpoints.length)) continue;
      found.set(workload, { service: [namespace, service], size: endpoints.length });
    }
  }
  return new Map([...found].map(([key, { service }]) => [key, service]));
}

/** By key of the workload: what its owner is called, as far as its name and labels tell. */
function namesOf(pods: readonly Pod[]): ReadonlyMap<string, string> {
  return new Map(
    pods.map(({ metadata }) => [`Pod/${metadata.namespace ?? ''}/${metadata.name}`, ownerName(metadata)]),
  );
}

function ownerName({ name, labels = {} }: Pod['metadata']): string {
  const hash = labels['pod-template-hash'];
  if (hash !== undefined) return name.replace(new RegExp(`-${hash}(-[a-z0-9]+)?$`), '');
  if (labels['statefulset.kubernetes.io/pod-name'] === name) return name.replace(/-\d+$/, '');
  if (labels['controller-revision-hash'] !== undefined) return name.replace(/-[a-z0-9]{5}$/, '');
  return name;
}
