// What the operator itself knows: its proxies, its certificates, and what it published.
import type { JSX } from 'preact';
import type { CertificatesView, ChangesView, ProxiesView } from '../../views/json.ts';
import type { PageProps } from '../app.tsx';
import { duration, elapsed } from '../format.ts';
import { useLive } from '../live.ts';
import { Badge, NodeLink, ProxyState, time } from '../parts/cells.tsx';
import { Conditions } from '../parts/conditions.tsx';
import { Viewed } from '../parts/notices.tsx';
import { Table } from '../parts/table.tsx';

export function ProxiesPage({ place, isPaused }: PageProps): JSX.Element {
  const live = useLive<ProxiesView>('proxies', isPaused);
  return (
    <>
      <h1 tabIndex={-1}>Proxies</h1>
      <Viewed live={live}>
        {({ proxies, rows }) => (
          <>
            <p>{`${proxies.current} of ${proxies.all} have acknowledged all that they are to have.`}</p>
            <Table
              title="Sidecars"
              columns={['Workload', 'State', 'Waits for', 'Since']}
              none="There are none."
              rows={rows.map(({ workload, node, state, detail, since }) => ({
                key: workload,
                cells: [
                  <NodeLink key="link" id={node} name={workload} place={place} />,
                  <ProxyState key="state" state={state} />,
                  detail,
                  time(since),
                ],
              }))}
            />
          </>
        )}
      </Viewed>
    </>
  );
}

export function CertificatesPage({ place, isPaused }: PageProps): JSX.Element {
  const live = useLive<CertificatesView>('certificates', isPaused);
  return (
    <>
      <h1 tabIndex={-1}>Certificates</h1>
      <Viewed live={live}>
        {(view) => (
          <>
            {view.problems.map((problem) => (
              <p key={problem} class="notice notice-bad">
                {problem}
              </p>
            ))}
            <dl class="facts">
              <dt>Trust domain</dt>
              <dd>{view.trustDomain}</dd>
              <dt>Root expires</dt>
              <dd>{time(view.rootExpires)}</dd>
              {view.intermediateExpires !== null && (
                <>
                  <dt>Intermediate expires</dt>
                  <dd>{time(view.intermediateExpires)}</dd>
                </>
              )}
              <dt>Lifetime for workloads</dt>
              <dd>{view.lifetimeMs === null ? '–' : duration(view.lifetimeMs)}</dd>
              <dt>Next renewal</dt>
              <dd>{time(view.nextRenewal)}</dd>
              <dt>Issued since the operator started</dt>
              <dd>{String(view.issued)}</dd>
            </dl>
            {view.conditions.length > 0 && (
              <Conditions title="Conditions of the Mesh" conditions={view.conditions} />
            )}
            <Table
              title="Certificates of connections"
              columns={['Workload', 'Issued']}
              none="No sidecar is connected."
              rows={view.proxies.map(({ workload, node, issued }) => ({
                key: workload,
                cells: [<NodeLink key="link" id={node} name={workload} place={place} />, time(issued)],
              }))}
            />
          </>
        )}
      </Viewed>
    </>
  );
}

export function ChangesPage({ isPaused }: PageProps): JSX.Element {
  const live = useLive<ChangesView>('changes', isPaused);
  return (
    <>
      <h1 tabIndex={-1}>Recent changes</h1>
      <p class="note">
        What this operator published since it started, and how long it took until the last connected proxy had
        acknowledged it.
      </p>
      <Viewed live={live}>
        {({ changes }) => (
          <Table
            title="Publications"
            columns={['Time', 'Made from', '#Resources', '#Acknowledged by all after']}
            none="There were none."
            rows={changes.map(({ at, objects, more, resources, tookMs }, index) => ({
              key: `${at} ${changes.length - index}`,
              cells: [
                time(at),
                `${objects.join(', ')}${more === 0 ? '' : `, and ${more} more`}`,
                String(resources),
                tookMs === null ? (
                  <Badge key="waits" tone="warning">
                    not yet
                  </Badge>
                ) : (
                  elapsed(tookMs)
                ),
              ],
            }))}
          />
        )}
      </Viewed>
    </>
  );
}
