// The service graph: each node is a link, so that the keyboard and screen readers find all that is drawn.
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
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
  return (
    <div class="graph" tabIndex={0} role="group" aria-label="Service graph">
      <svg width={layout.width} height={layout.height} viewBox={`0 0 ${layout.width} ${layout.height}`}>
        <Arrowheads />
        <g aria-hidden="true">
          {edges.map((edge) => (
            <Edge key={edgeKey(edge)} edge={edge} layout={layout} busiest={busiest} />
          ))}
        </g>
        {nodes.map((node) => (
          <Node key={node.id} node={node} at={layout.nodes.get(node.id)} place={place} />
        ))}
      </svg>
    </div>
  );
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
    <g>
      <path
        class={`edge edge-${tone}${isPlain ? ' edge-plain' : ''}`}
        d={curve(place.points)}
        stroke-width={width}
        marker-end={`url(#arrow-${tone})`}
      />
      {calls > 0 && (
        <text class={`edge-label tone-${tone}`} x={place.label.x} y={place.label.y + 4} text-anchor="middle">
          {edgeText(edge)}
        </text>
      )}
    </g>
  );
}

function edgeText({ numbers: { requests, connections, success } }: GraphEdge): string {
  const rate = perSecond(requests > 0 ? requests : connections);
  return success !== null && success < 0.995 ? `${rate} · ${percent(success)}` : rate;
}

/** Through the points of the layout, with round bends. */
function curve(points: readonly Point[]): string {
  const [start, ...rest] = points;
  if (start === undefined) return '';
  let path = `M${text(start)}`;
  for (const [at, point] of rest.entries()) {
    const next = rest[at + 1];
    if (next === undefined) path += at === 0 ? `L${text(point)}` : `T${text(point)}`;
    else path += `Q${text(point)} ${text({ x: (point.x + next.x) / 2, y: (point.y + next.y) / 2 })}`;
  }
  return path.replace(/T(\S+ \S+)$/, 'L$1');
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
