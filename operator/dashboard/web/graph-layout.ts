// Where the nodes of the graph stand, and how edges go: from left to right, callers first. Pure.
import { Graph, layout } from '@dagrejs/dagre';
import type { GraphEdge, GraphNode } from '../views/json.ts';

export const nodeWidth = 196;
export const nodeHeight = 66;

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  /** By id: the middle of the node. */
  readonly nodes: ReadonlyMap<string, Point>;
  /** By edgeKey. */
  readonly edges: ReadonlyMap<string, { readonly points: readonly Point[]; readonly label: Point }>;
}

type Ends = Pick<GraphEdge, 'from' | 'to'>;

export function edgeKey({ from, to }: Ends): string {
  return JSON.stringify([from, to]);
}

export function layoutOf(nodes: readonly Pick<GraphNode, 'id'>[], edges: readonly Ends[]): Layout {
  const graph = new Graph({ multigraph: false });
  graph.setGraph({ rankdir: 'LR', nodesep: 26, ranksep: 60, marginx: 20, marginy: 20 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const { id } of nodes) graph.setNode(id, { width: nodeWidth, height: nodeHeight });
  for (const { from, to } of edges) graph.setEdge(from, to, { width: 84, height: 20, labelpos: 'c' });
  layout(graph);
  const { width = 0, height = 0 } = graph.graph();
  return {
    width: finite(width),
    height: finite(height),
    nodes: new Map(nodes.map(({ id }) => [id, pointOf(graph.node(id))])),
    edges: new Map(
      edges.map((edge) => {
        const { points = [], ...label } = graph.edge(edge.from, edge.to);
        const [from, to] = [pointOf(graph.node(edge.from)), pointOf(graph.node(edge.to))];
        return [edgeKey(edge), { points: sideways(points.map(pointOf), from, to), label: pointOf(label) }];
      }),
    ),
  };
}

/** From the right side of the caller to the left side of who is called; dagre would leave by the side that is nearest. */
function sideways(points: readonly Point[], from: Point, to: Point): readonly Point[] {
  const half = nodeWidth / 2;
  // Back, against the direction of the graph.
  if (to.x - half <= from.x + half) return points;
  return [{ x: from.x + half, y: from.y }, ...points.slice(1, -1), { x: to.x - half, y: to.y }];
}

function pointOf({ x, y }: Partial<Point>): Point {
  return { x: finite(x), y: finite(y) };
}

/** dagre gives an empty graph the width of minus infinity. */
function finite(value: number | undefined): number {
  return value !== undefined && Number.isFinite(value) ? value : 0;
}
