// The service graph, and the same as tables.
import type { JSX } from 'preact';
import type { GraphNode, GraphView } from '../../views/json.ts';
import type { PageProps } from '../app.tsx';
import { edgeKey } from '../graph-layout.ts';
import { useLive } from '../live.ts';
import { NodeLink, numberCells, numberColumns } from '../parts/cells.tsx';
import { Graph, subtitle } from '../parts/graph.tsx';
import { History } from '../parts/history.tsx';
import { Viewed } from '../parts/notices.tsx';
import { SeenNote } from '../parts/seen-note.tsx';
import { Table } from '../parts/table.tsx';
import { Tiles } from '../parts/tiles.tsx';
import type { Place } from '../route.ts';

export function GraphPage({ place, isPaused }: PageProps): JSX.Element {
  const live = useLive<GraphView>(`graph?window=${place.window}`, isPaused);
  return (
    <>
      <h1 tabIndex={-1}>Service graph</h1>
      <Viewed live={live}>
        {(view) => (
          <>
            <Tiles numbers={view.numbers} proxies={view.proxies} />
            {view.nodes.length === 0 ? (
              <p class="notice">
                No workload has a sidecar yet. Label a namespace with meshwright.dev/mesh=enabled.
              </p>
            ) : (
              <Graph nodes={view.nodes} edges={view.edges} place={place} />
            )}
            <SeenNote {...view} />
            <History id="" place={place} isPaused={isPaused} isKnown={view.hasHistory} />
            <Services nodes={view.nodes} place={place} />
            <Calls view={view} place={place} />
          </>
        )}
      </Viewed>
    </>
  );
}

function Services({
  nodes,
  place,
}: {
  readonly nodes: readonly GraphNode[];
  readonly place: Place;
}): JSX.Element {
  return (
    <Table
      title="Services and workloads"
      columns={['Name', 'Kind', ...numberColumns, '#Proxies']}
      none="There are none."
      rows={nodes.map((node) => ({
        key: node.id,
        cells: [
          <NodeLink key="link" id={node.id} name={node.name} place={place} />,
          subtitle(node),
          ...numberCells(node.numbers),
          node.proxies.all === 0 ? '–' : `${node.proxies.current}/${node.proxies.all}`,
        ],
      }))}
    />
  );
}

function Calls({
  view: { nodes, edges },
  place,
}: {
  readonly view: GraphView;
  readonly place: Place;
}): JSX.Element {
  const names = new Map(nodes.map(({ id, name }) => [id, name]));
  return (
    <Table
      title="Calls"
      columns={['Caller', 'Called', ...numberColumns]}
      none="Nobody called anybody in this time."
      rows={edges.map((edge) => ({
        key: edgeKey(edge),
        cells: [
          ...[edge.from, edge.to].map((id) => (
            <NodeLink key={id} id={id} name={names.get(id) ?? id} place={place} />
          )),
          ...numberCells(edge.numbers),
        ],
      }))}
    />
  );
}
