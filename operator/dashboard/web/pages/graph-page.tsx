// The service graph, and the same as tables.
import type { JSX } from 'preact';
import type { GraphEdge, GraphNode, GraphView } from '../../views/json.ts';
import type { PageProps } from '../app.tsx';
import { milliseconds, percent, perSecond } from '../format.ts';
import { useLive } from '../live.ts';
import { Graph, subtitle } from '../parts/graph.tsx';
import { Viewed } from '../parts/notices.tsx';
import { SeenNote } from '../parts/seen-note.tsx';
import { Tiles } from '../parts/tiles.tsx';
import { edgeKey } from '../graph-layout.ts';
import { linkTo, type Place } from '../route.ts';

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
    <section>
      <h2 id="services">Services and workloads</h2>
      <div class="scroll" tabIndex={0} role="region" aria-labelledby="services">
        <table>
          <thead>
            <tr>
              <th scope="col">Name</th>
              <th scope="col">Kind</th>
              <NumberHeads />
              <th scope="col" class="number">
                Proxies
              </th>
            </tr>
          </thead>
          <tbody>
            {nodes.map((node) => (
              <tr key={node.id}>
                <th scope="row">
                  <a href={linkTo({ page: 'node', id: node.id }, place)}>{node.name}</a>
                </th>
                <td>{subtitle(node)}</td>
                <NumberCells {...node} />
                <td class="number">
                  {node.proxies.all === 0 ? '–' : `${node.proxies.current}/${node.proxies.all}`}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
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
    <section>
      <h2 id="calls">Calls</h2>
      <div class="scroll" tabIndex={0} role="region" aria-labelledby="calls">
        <table>
          <thead>
            <tr>
              <th scope="col">Caller</th>
              <th scope="col">Called</th>
              <NumberHeads />
            </tr>
          </thead>
          <tbody>
            {edges.map((edge) => (
              <tr key={edgeKey(edge)}>
                {[edge.from, edge.to].map((id) => (
                  <td key={id}>
                    <a href={linkTo({ page: 'node', id }, place)}>{names.get(id) ?? id}</a>
                  </td>
                ))}
                <NumberCells {...edge} />
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function NumberHeads(): JSX.Element {
  return (
    <>
      {['Requests', 'Success', 'p50', 'p99', 'Connections', 'Mutual TLS'].map((name) => (
        <th key={name} scope="col" class="number">
          {name}
        </th>
      ))}
    </>
  );
}

function NumberCells({ numbers }: Pick<GraphEdge, 'numbers'>): JSX.Element {
  const { requests, success, p50, p99, connections, mtls } = numbers;
  return (
    <>
      <td class="number">{perSecond(requests)}</td>
      <td class="number">{percent(success)}</td>
      <td class="number">{milliseconds(p50)}</td>
      <td class="number">{milliseconds(p99)}</td>
      <td class="number">{perSecond(connections)}</td>
      <td class="number">{percent(mtls)}</td>
    </>
  );
}
