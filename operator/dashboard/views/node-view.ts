// One service or workload: who calls it, whom it calls, its proxies, and the policies that shape it. Pure.
import { originKey } from '../../ir/origin.ts';
import type { WorkloadIr } from '../../ir/mesh-ir.ts';
import { isPlaintext } from '../../telemetry/point.ts';
import { ownersOf } from '../../telemetry/owners.ts';
import { graphView } from './graph-view.ts';
import type { NamedEdge, NodeView, WorkloadLine } from './json.ts';
import { type Nodes, nodesOf } from './nodes.ts';
import { Counts } from './numbers.ts';
import { policyLines } from './policies.ts';
import { proxyRow, reportsByWorkload } from './proxies.ts';
import { seenAt } from './seen.ts';
import type { Source } from './source.ts';

/** null: there is no such node, and nobody called one. */
export function nodeView(source: Source, id: string, windowMs: number): NodeView | null {
  const { seconds, nodes: all, edges } = graphView(source, windowMs);
  const node = all.find((it) => it.id === id);
  if (node === undefined) return null;
  const names = new Map(all.map((it) => [it.id, it.name]));
  const named = (end: 'from' | 'to', other: 'from' | 'to'): readonly NamedEdge[] =>
    edges
      .filter((edge) => edge[end] === id)
      .map((edge) => ({
        id: edge[other],
        name: names.get(edge[other]) ?? edge[other],
        numbers: edge.numbers,
      }));
  const nodes = nodesOf(source.ir, source.pods);
  const workloads = nodes.all.get(id)?.workloads ?? [];
  return {
    ...seenAt(source, seconds),
    node,
    callers: named('to', 'from'),
    callees: named('from', 'to'),
    workloads: workloadLines(source, workloads, { nodes, windowMs }),
    policies: policiesOf(source, workloads),
    plaintext: plaintextOf(source, workloads, windowMs),
  };
}

function workloadLines(
  { observations, proxies }: Source,
  workloads: readonly WorkloadIr[],
  { nodes, windowMs }: { readonly nodes: Nodes; readonly windowMs: number },
): readonly WorkloadLine[] {
  const reports = reportsByWorkload(proxies);
  const { seconds, edges } = observations.rates(windowMs);
  return workloads.map(({ key, identity, addresses, inbound }) => {
    const counts = new Counts();
    for (const edge of edges) if (edge.workload === key && edge.direction === 'inbound') counts.add(edge);
    return {
      ...proxyRow(key, reports.get(key), nodes),
      identity: identity.spiffeId,
      addresses,
      ports: inbound.map(({ port, protocol, mtls }) => ({ port, protocol, mtls })),
      numbers: counts.numbers(seconds),
    };
  });
}

/** Those that are among the origins of its workloads, or of the Services that they stand behind. */
function policiesOf(source: Source, workloads: readonly WorkloadIr[]): NodeView['policies'] {
  const keys = new Set(workloads.map(({ key }) => key));
  const services = (source.ir?.services ?? []).filter(({ endpoints }) =>
    endpoints.some(({ workload }) => keys.has(workload)),
  );
  const origins = new Set<string>();
  collectOrigins([workloads, services], origins);
  return policyLines(source).filter((line) => origins.has(originKey(line)));
}

/** The parts of the model each have origins of their own, at every depth. */
function collectOrigins(value: unknown, found: Set<string>): void {
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    for (const item of value) collectOrigins(item, found);
    return;
  }
  const { kind, namespace, name, generation }: Record<string, unknown> = { ...value };
  if (typeof kind === 'string' && typeof name === 'string' && typeof generation === 'number') {
    found.add(originKey({ kind, namespace: String(namespace), name }));
    return;
  }
  for (const item of Object.values(value)) collectOrigins(item, found);
}

function plaintextOf(
  { observations, pods }: Source,
  workloads: readonly WorkloadIr[],
  windowMs: number,
): NodeView['plaintext'] {
  const keys = new Set(workloads.map(({ key }) => key));
  const ownerOf = ownersOf(pods);
  const calls = new Map<string, number>();
  for (const { workload, direction, source, requests, connections } of observations.rates(windowMs).edges) {
    if (direction !== 'inbound' || !keys.has(workload) || !isPlaintext(source)) continue;
    const all = Object.values(requests).reduce((sum, count) => sum + count, connections);
    calls.set(source, (calls.get(source) ?? 0) + all);
  }
  return [...calls]
    .map(([address, count]) => ({ address, object: ownerOf(address) ?? '', calls: count }))
    .toSorted((a, b) => b.calls - a.calls)
    .slice(0, 50);
}
