// One service or workload.
import type { JSX } from 'preact';
import type { NamedEdge, NodeView } from '../../views/json.ts';
import type { PageProps } from '../app.tsx';
import { percent, perSecond, milliseconds } from '../format.ts';
import { useLive } from '../live.ts';
import { NodeLink, numberCells, numberColumns, ProxyState } from '../parts/cells.tsx';
import { subtitle } from '../parts/graph.tsx';
import { History } from '../parts/history.tsx';
import { Viewed } from '../parts/notices.tsx';
import { PolicyTable } from '../parts/policies.tsx';
import { SeenNote } from '../parts/seen-note.tsx';
import { Table } from '../parts/table.tsx';
import { Tiles } from '../parts/tiles.tsx';
import type { Place } from '../route.ts';

export function NodePage({ id, place, isPaused }: PageProps & { readonly id: string }): JSX.Element {
  const live = useLive<NodeView>(`node?id=${encodeURIComponent(id)}&window=${place.window}`, isPaused);
  return (
    <>
      <h1 tabIndex={-1}>{live.view?.node.name ?? id}</h1>
      <Viewed live={live}>{(view) => <Node view={view} place={place} isPaused={isPaused} />}</Viewed>
    </>
  );
}

function Node({ view, place, isPaused }: PageProps & { readonly view: NodeView }): JSX.Element {
  const { node, callers, callees, workloads, policies, plaintext } = view;
  return (
    <>
      <p class="note">{subtitle(node)}</p>
      <Tiles numbers={node.numbers} proxies={node.proxies} />
      <SeenNote {...view} />
      {/* What has no sidecar counts nothing. */}
      {node.proxies.all > 0 && (
        <History id={node.id} place={place} isPaused={isPaused} isKnown={view.hasHistory} />
      )}
      <Edges title="Callers" none="Nobody called it in this time." edges={callers} place={place} />
      <Edges title="Calls" none="It called nobody in the mesh in this time." edges={callees} place={place} />
      {plaintext.length > 0 && (
        <Table
          title="Callers without mutual TLS"
          columns={['Address', 'Whose', '#Calls']}
          none=""
          rows={plaintext.map(({ address, object, calls }) => ({
            key: address,
            cells: [address, object === '' ? 'not known' : object, String(calls)],
          }))}
        />
      )}
      {node.proxies.all > 0 && (
        <>
          <PolicyTable title="Policies" none="No policy shapes it." policies={policies} place={place} />
          <Table
            title="Workloads"
            columns={['Workload', 'Proxy', 'Identity', 'Ports', '#Requests', '#Success', '#p99']}
            none="It has none."
            rows={workloads.map(({ workload, state, detail, identity, ports, numbers }) => ({
              key: workload,
              cells: [
                workload,
                <>
                  <ProxyState state={state} /> {detail}
                </>,
                identity,
                ports.map(({ port, protocol, mtls }) => `${port} ${protocol} ${mtls}`).join(', '),
                perSecond(numbers.requests),
                percent(numbers.success),
                milliseconds(numbers.p99),
              ],
            }))}
          />
        </>
      )}
    </>
  );
}

interface EdgesProps {
  readonly title: string;
  readonly none: string;
  readonly edges: readonly NamedEdge[];
  readonly place: Place;
}

function Edges({ title, none, edges, place }: EdgesProps): JSX.Element {
  return (
    <Table
      title={title}
      columns={['Name', ...numberColumns]}
      none={none}
      rows={edges.map(({ id, name, numbers }) => ({
        key: id,
        cells: [<NodeLink key={id} id={id} name={name} place={place} />, ...numberCells(numbers)],
      }))}
    />
  );
}
