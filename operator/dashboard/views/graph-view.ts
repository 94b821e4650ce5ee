// Who calls whom, and how that goes. Entry: graphView. Pure.
import type { HostSeen } from '../../telemetry/hosts-seen.ts';
import type { Edge } from '../../telemetry/edges.ts';
import type { GraphEdge, GraphNode, GraphView } from './json.ts';
import { type NodeName, type Nodes, nodesOf } from './nodes.ts';
import { Counts } from './numbers.ts';
import { proxyCount, reportsByWorkload } from './proxies.ts';
import { seenAt } from './seen.ts';
import type { Source } from './source.ts';

/** Hosts outside of which each is a node: those that were called most. */
const mostHosts = 20;

interface Draft {
  readonly node: NodeName;
  readonly counts: Counts;
}

interface EdgeDraft {
  readonly from: string;
  readonly to: string;
  readonly counts: Counts;
}

class Graph {
  readonly nodes = new Map<string, Draft>();
  readonly edges = new Map<string, EdgeDraft>();
  readonly all = new Counts();

  node(node: NodeName): Draft {
    const known = this.nodes.get(node.id) ?? { node, counts: new Counts() };
    this.nodes.set(node.id, known);
    return known;
  }

  edge(from: NodeName, to: NodeName): EdgeDraft {
    this.node(from);
    this.node(to);
    const key = JSON.stringify([from.id, to.id]);
    const known = this.edges.get(key) ?? { from: from.id, to: to.id, counts: new Counts() };
    this.edges.set(key, known);
    return known;
  }
}

export function graphView(source: Source, windowMs: number): GraphView {
  const { ir, pods, observations, proxies } = source;
  const nodes = nodesOf(ir, pods);
  const { seconds, edges } = observations.rates(windowMs);
  const graph = new Graph();
  for (const { node } of nodes.all.values()) graph.node(node);
  for (const edge of edges) addCall(graph, nodes, edge);
  for (const host of observations.hosts(windowMs).slice(0, mostHosts)) addHost(graph, nodes, host);
  const reports = reportsByWorkload(proxies);
  const countOf = (id: string): GraphNode['proxies'] =>
    proxyCount((nodes.all.get(id)?.workloads ?? []).map(({ key }) => reports.get(key)));
  return {
    ...seenAt(source, seconds),
    nodes: [...graph.nodes.values()]
      .map(({ node, counts }) => ({ ...node, numbers: counts.numbers(seconds), proxies: countOf(node.id) }))
      .toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    edges: [...graph.edges.values()]
      .map(({ counts, ...edge }): GraphEdge => ({ ...edge, numbers: counts.numbers(seconds) }))
      .toSorted((a, b) => (`${a.from} ${a.to}` < `${b.from} ${b.to}` ? -1 : 1)),
    numbers: graph.all.numbers(seconds),
    proxies: proxyCount((ir?.workloads ?? []).map(({ key }) => reports.get(key))),
  };
}

/** What the called sidecar saw: that of the caller saw the same call. */
function addCall(graph: Graph, nodes: Nodes, edge: Edge): void {
  if (edge.direction !== 'inbound') return;
  const to = nodes.ofWorkload(edge.workload);
  if (to === undefined) return;
  graph.all.add(edge);
  graph.node(to).counts.add(edge);
  graph.edge(nodes.ofSource(edge.source), to).counts.add(edge);
}

/** How many calls were whose is not known: each of its callers has an edge. */
function addHost(graph: Graph, nodes: Nodes, { host, port, calls, workloads }: HostSeen): void {
  if (host === '') return;
  const name = `${host}:${port}`;
  const to: NodeName = { id: `host/${name}`, kind: 'host', namespace: '', name };
  graph.node(to).counts.addCalls(calls);
  for (const workload of workloads) {
    const from = nodes.ofWorkload(workload);
    if (from !== undefined) graph.edge(from, to);
  }
}
