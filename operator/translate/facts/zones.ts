// Zones of workloads: a label says it, which Kubernetes 1.35 and later write on pods and users may write anywhere; else the EndpointSlices that
// name the zone of a Node, first those of the workload's own namespace. So no Node has to be watched.
import type { EndpointSlice } from '../../objects/objects.ts';
import { compareText } from '../../values/compare-text.ts';
import { rememberEach } from '../../values/remember.ts';
import type { Workload } from './workload.ts';

/** @see https://kubernetes.io/docs/reference/labels-annotations-taints/#topologykubernetesiozone */
const zoneLabel = 'topology.kubernetes.io/zone';

type Placed = Pick<Workload, 'labels' | 'source' | 'namespace'>;

/** Zone of a workload; null: not known. */
export type ZoneOf = (workload: Placed) => string | null;

export function zoneByLabel(workload: Pick<Workload, 'labels'> | undefined): string | undefined {
  const zone = workload?.labels[zoneLabel];
  return zone === '' ? undefined : zone;
}

/** Where nobody asks. */
const nowhere: ZoneOf = () => null;

/** Node → namespace → the zone that slices there name. */
type Nodes = ReadonlyMap<string, ReadonlyMap<string, string>>;

/** The same function for as long as Nodes are where they were. asked: whether any service depends on zones. */
export function createZoneFinder(): (asked: boolean, slices: readonly EndpointSlice[]) => ZoneOf {
  const nodesIn = rememberEach(nodesOfSlice);
  let last: { readonly nodes: Nodes; readonly zoneOf: ZoneOf } | null = null;
  return (asked, slices) => {
    if (!asked) return nowhere;
    const nodes = new Map<string, Map<string, string>>();
    for (const slice of slices)
      for (const [node, zone] of nodesIn(slice)) note(nodes, node, slice.metadata.namespace ?? '', zone);
    if (last === null || !isSame(last.nodes, nodes)) {
      last = { nodes, zoneOf: (workload) => zoneByLabel(workload) ?? zoneByNode(workload, nodes) };
    }
    return last.zoneOf;
  };
}

/** Where slices of a namespace contradict each other, the first one counts. */
function note(nodes: Map<string, Map<string, string>>, node: string, namespace: string, zone: string): void {
  const said = nodes.get(node) ?? new Map<string, string>();
  nodes.set(node, said);
  if (!said.has(namespace)) said.set(namespace, zone);
}

function nodesOfSlice({ endpoints }: EndpointSlice): ReadonlyMap<string, string> {
  return new Map(
    endpoints.flatMap(({ nodeName, zone }) =>
      nodeName === undefined || zone === undefined ? [] : [[nodeName, zone] as const],
    ),
  );
}

/** Whoever may write slices in a namespace may write anything into them: that is not to move the workloads of others. */
function zoneByNode({ source, namespace }: Placed, nodes: Nodes): string | null {
  const said = source.kind === 'Pod' ? nodes.get(source.spec.nodeName ?? '') : undefined;
  return said?.get(namespace) ?? mostNamed([...(said?.values() ?? [])]);
}

/** By one namespace each; of zones named as often, the first by name. null: there is none. */
function mostNamed(zones: readonly string[]): string | null {
  const counts = new Map<string, number>();
  for (const zone of zones) counts.set(zone, (counts.get(zone) ?? 0) + 1);
  const [first] = [...counts].toSorted(([a, m], [b, n]) => n - m || compareText(a, b));
  return first?.[0] ?? null;
}

function isSame(a: Nodes, b: Nodes): boolean {
  return (
    a.size === b.size &&
    [...a].every(([node, said]) => {
      const other = b.get(node);
      return (
        other?.size === said.size && [...said].every(([namespace, zone]) => other.get(namespace) === zone)
      );
    })
  );
}
