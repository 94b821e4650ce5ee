// The service graph: each node is a link, so that the keyboard and screen readers find all that is drawn.
import type { JSX } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { GraphEdge, GraphNode } from '../../views/json.ts';
import { healthOf, milliseconds, percent, perSecond } from '../format.ts';
import { edgeKey, type Layout, layoutOf, nodeHeight, nodeWidth, type Point } from '../graph-layout.ts';
import { linkTo, type Place } from '../route.ts';

interface GraphProps {
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
  readonly place: Place;
}

export function Graph({ nodes, edges, place }: GraphProps): JSX.Element {
  // Numbers change with each look; who is there seldom does, and then only the layout is worked out again.
  const shape = JSON.stringify([nodes.map(({ id }) => id), edges.map(({ from, to }) => [from, to])]);
  // oxlint-disable-next-line react-hooks/exhaustive-deps -- `shape` says all of nodes and edges that matters
  const layout = useMemo(() => layoutOf(nodes, edges), [shape]);
  const busiest = Math.max(...edges.map(({ numbers }) => numbers.requests + numbers.connections), 0);
  const [isWhole, setWhole] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  // oxlint-disable-next-line react-hooks/exhaustive-deps -- only then: whoever has scrolled wants to stay there
  useEffect(() => showFirst(box.current, layout), [isWhole]);
  const { width, height } = layout;
  const minWidth = isWhole ? '0' : `max(${leastScale * width}px, min(100%, 1100px))`;
  return (
    <>
      {nodes.length > manyNodes && (
        <div class="graph-bar">
          <button type="button" aria-pressed={isWhole} onClick={() => setWhole(!isWhole)}>
            Whole graph
          </button>
        </div>
      )}
      <div
        ref={box}
        class={isWhole ? 'graph graph-whole' : 'graph'}
        tabIndex={0}
        role="group"
        aria-label="Service graph"
      >
        <svg width={width} height={height} viewBox={`0 0 ${width} ${height}`} style={{ minWidth }}>
          <Arrowheads />
          <g aria-hidden="true">
            {edges.map((edge) => (
              <Edge key={edgeKey(edge)} edge={edge} layout={layout} busiest={busiest} />
            ))}
            {/* Above all edges. */}
            {edges.map((edge) => (
              <Label key={edgeKey(edge)} edge={edge} layout={layout} />
            ))}
          </g>
          {nodes.map((node) => (
            <Node key={node.id} node={node} at={layout.nodes.get(node.id)} place={place} />
          ))}
        </svg>
      </div>
    </>
  );
}

/** Smaller, its text cannot be read. */
const leastScale = 0.85;
/** More do not fit into a window at a size at which they can be read. */
const manyNodes = 12;

/** Scrolls to those who are called by nobody: the graph begins with them, in the middle of its left side. */
function showFirst(box: HTMLElement | null, { nodes, height }: Layout): void {
  const left = Math.min(...[...nodes.values()].map(({ x }) => x));
  const first = [...nodes.values()].filter(({ x }) => x === left).toSorted((a, b) => a.y - b.y);
  const { y } = first[first.length >> 1] ?? { y: 0 };
  if (box !== null) box.scrollTo({ left: 0, top: (y / height) * box.scrollHeight - box.clientHeight / 2 });
}

const tones = ['none', 'good', 'warning', 'bad', 'idle'] as const;

function Arrowheads(): JSX.Element {
  return (
    <defs>
      {tones.map((tone) => (
        <marker
          key={tone}
          id={`arrow-${tone}`}
          viewBox="0 0 10 10"
          refX="9"
          refY="5"
          markerWidth="9"
          markerHeight="9"
          markerUnits="userSpaceOnUse"
          orient="auto"
        >
          <path class={`arrow edge-${tone}`} d="M0 0 10 5 0 10z" />
        </marker>
      ))}
    </defs>
  );
}

interface EdgeProps {
  readonly edge: GraphEdge;
  readonly layout: Layout;
  readonly busiest: number;
}

function Edge({ edge, layout, busiest }: EdgeProps): JSX.Element | null {
  const place = layout.edges.get(edgeKey(edge));
  if (place === undefined) return null;
  const { numbers } = edge;
  const calls = numbers.requests + numbers.connections;
  const tone = calls === 0 ? 'idle' : healthOf(numbers.success);
  const isPlain = numbers.mtls !== null && numbers.mtls < 1;
  const width = 1.5 + (busiest === 0 ? 0 : 3 * Math.sqrt(calls / busiest));
  return (
    <path
      class={`edge edge-${tone}${isPlain ? ' edge-plain' : ''}`}
      d={curve(place.points)}
      stroke-width={width}
      marker-end={`url(#arrow-${tone})`}
    />
  );
}

function Label({ edge, layout }: Pick<EdgeProps, 'edge' | 'layout'>): JSX.Element | null {
  const { numbers } = edge;
  const place = layout.edges.get(edgeKey(edge));
  if (place === undefined || numbers.requests + numbers.connections === 0) return null;
  const { x, y } = place.label;
  return (
    <text class={`edge-label tone-${healthOf(numbers.success)}`} x={x} y={y + 4} text-anchor="middle">
      {edgeText(edge)}
    </text>
  );
}

function edgeText({ numbers: { requests, connections, success } }: GraphEdge): string {
  const rate = perSecond(requests > 0 ? requests : connections);
  return success !== null && success < 0.995 ? `${rate} · ${percent(success)}` : rate;
}

/** Through the points of the layout, each of which it passes in the direction of the graph. */
function curve([start, ...rest]: readonly Point[]): string {
  if (start === undefined) return '';
  let [path, from] = [`M${text(start)}`, start];
  for (const to of rest) {
    const middle = (from.x + to.x) / 2;
    path += `C${text({ x: middle, y: from.y })} ${text({ x: middle, y: to.y })} ${text(to)}`;
    from = to;
  }
  return path;
}

function text({ x, y }: Point): string {
  return `${x.toFixed(1)} ${y.toFixed(1)}`;
}

/** What fits into the box, in characters. */
const nameLength = 22;
const detailLength = 28;

interface NodeProps {
  readonly node: GraphNode;
  readonly at: Point | undefined;
  readonly place: Place;
}

function Node({ node, at, place }: NodeProps): JSX.Element | null {
  if (at === undefined) return null;
  const { numbers, proxies, kind } = node;
  const tone = healthOf(numbers.success);
  return (
    <g transform={`translate(${at.x - nodeWidth / 2} ${at.y - nodeHeight / 2})`}>
      <a class={`node node-${kind}`} href={linkTo({ page: 'node', id: node.id }, place)}>
        <rect class="node-box" width={nodeWidth} height={nodeHeight} rx="9" />
        <rect class={`node-tone fill-${tone}`} x="0" y="10" width="4" height={nodeHeight - 20} rx="2" />
        <text class="node-name" x="16" y="24">
          {shortened(node.name, nameLength)}
        </text>{' '}
        <text class="node-detail" x="16" y="41">
          {shortened(subtitle(node), detailLength)}
        </text>{' '}
        <text class="node-numbers" x="16" y="57">
          {numbersText(node)}
        </text>{' '}
        {isBehind(node) && (
          <text class="node-flag tone-warning" x={nodeWidth - 12} y="24" text-anchor="end">
            {`${proxies.current}/${proxies.all}`}
          </text>
        )}
      </a>
    </g>
  );
}

const kindNames = {
  service: 'Service',
  workload: 'Workload',
  account: 'Service account',
  outside: 'Callers without mutual TLS',
  host: 'Host outside the mesh',
} as const;

export function subtitle({ kind, namespace }: Pick<GraphNode, 'kind' | 'namespace'>): string {
  return namespace === '' ? kindNames[kind] : `${kindNames[kind]} in ${namespace}`;
}

function numbersText({ kind, numbers: { requests, connections, success, p99 } }: GraphNode): string {
  if (kind === 'account' || kind === 'outside') return '';
  if (requests === 0 && connections === 0) return 'not called';
  if (requests === 0) return `${perSecond(connections)} connections`;
  return `${perSecond(requests)} · ${percent(success)} · p99 ${milliseconds(p99)}`;
}

function isBehind({ proxies: { all, current } }: GraphNode): boolean {
  return current < all;
}

function shortened(name: string, length: number): string {
  return name.length <= length ? name : `${name.slice(0, length - 1)}…`;
}
