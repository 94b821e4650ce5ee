// Zones of workloads: a label says it, which Kubernetes 1.35 and later write on pods and users may write anywhere; else the EndpointSlices that
// name the zone of a Node, whatever Service its endpoint belongs to. So no Node has to be watched.
import type { EndpointSlice } from '../../objects/objects.ts';
import { rememberEach } from '../../values/remember.ts';
import type { Workload } from './workload.ts';

/** @see https://kubernetes.io/docs/reference/labels-annotations-taints/#topologykubernetesiozone */
const zoneLabel = 'topology.kubernetes.io/zone';

/** Zone of a workload; null: not known. */
export type ZoneOf = (workload: Pick<Workload, 'labels' | 'source'>) => string | null;

export function zoneByLabel(workload: Pick<Workload, 'labels'> | undefined): string | undefined {
  const zone = workload?.labels[zoneLabel];
  return zone === '' ? undefined : zone;
}

/** Where nobody asks. */
const nowhere: ZoneOf = () => null;

/** The same function for as long as Nodes are where they were. asked: whether any service depends on zones. */
export function createZoneFinder(): (asked: boolean, slices: readonly EndpointSlice[]) => ZoneOf {
  const nodesIn = rememberEach(nodesOfSlice);
  let last: { readonly nodes: ReadonlyMap<string, string>; readonly zoneOf: ZoneOf } | null = null;
  return (asked, slices) => {
    if (!asked) return nowhere;
    const nodes = new Map<string, string>();
    // Where slices contradict each other, the first one counts.
    for (const slice of slices)
      for (const [node, zone] of nodesIn(slice)) if (!nodes.has(node)) nodes.set(node, zone);
    if (last === null || !isSame(last.nodes, nodes)) {
      last = { nodes, zoneOf: (workload) => zoneByLabel(workload) ?? zoneByNode(workload, nodes) };
    }
    return last.zoneOf;
  };
}

function nodesOfSlice({ endpoints }: EndpointSlice): ReadonlyMap<string, string> {
  return new Map(
    endpoints.flatMap(({ nodeName, zone }) =>
      nodeName === undefined || zone === undefined ? [] : [[nodeName, zone] as const],
    ),
  );
}

function zoneByNode({ source }: Pick<Workload, 'source'>, nodes: ReadonlyMap<string, string>): string | null {
  return source.kind === 'Pod' ? (nodes.get(source.spec.nodeName ?? '') ?? null) : null;
}

function isSame(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  return a.size === b.size && [...a].every(([node, zone]) => b.get(node) === zone);
}
