// Policies, and the truth about each.
import type { JSX } from 'preact';
import type { AuditLine, AuditView, PoliciesView, PolicyView, QuotaLine } from '../../views/json.ts';
import type { PageProps } from '../app.tsx';
import { useLive } from '../live.ts';
import { Badge, NodeLink, PolicyLink, time } from '../parts/cells.tsx';
import { Conditions } from '../parts/conditions.tsx';
import { Viewed } from '../parts/notices.tsx';
import { PolicyState, PolicyTable } from '../parts/policies.tsx';
import { Table } from '../parts/table.tsx';
import type { Place } from '../route.ts';

export function PoliciesPage({ place, isPaused }: PageProps): JSX.Element {
  const live = useLive<PoliciesView>('policies', isPaused);
  return (
    <>
      <h1 tabIndex={-1}>Policies</h1>
      <Viewed live={live}>
        {({ isKnown, policies }) => (
          <>
            {!isKnown && policies.length > 0 && (
              <p class="notice">
                This operator does not write statuses at this moment: another one leads, or it has just begun.
              </p>
            )}
            <PolicyTable
              title="TrafficPolicies and SecurityPolicies"
              none="There are none."
              policies={policies}
              place={place}
            />
          </>
        )}
      </Viewed>
    </>
  );
}

export function PolicyPage({ of, place, isPaused }: PageProps & { readonly of: string }): JSX.Element {
  const live = useLive<PolicyView>(`policy?key=${encodeURIComponent(of)}`, isPaused);
  const [kind = '', namespace = '', name = ''] = of.split('/');
  return (
    <>
      <h1 tabIndex={-1}>{`${kind} ${namespace}/${name}`}</h1>
      <Viewed live={live}>{(view) => <Policy view={view} place={place} />}</Viewed>
    </>
  );
}

const obedienceTones = { Obeys: 'good', Pending: 'warning', Rejected: 'bad', Away: 'none' } as const;

function Policy({ view, place }: { readonly view: PolicyView; readonly place: Place }): JSX.Element {
  const { targets, generation, proxies, overriddenBy, overrides, obedience, audit, quotas } = view;
  return (
    <>
      <p>
        <PolicyState line={view} />{' '}
        {`${proxies.programmed} of ${proxies.total} proxies obey generation ${generation}. It targets ${targets}.`}
      </p>
      <Others title="Overridden by" keys={overriddenBy} place={place} />
      <Others title="Overrides" keys={overrides} place={place} />
      <Conditions title="Conditions" conditions={view.conditions} />
      <Table
        title="Proxies"
        columns={['Workload', 'Obeys', 'Why not']}
        none="It concerns no proxy that is connected."
        rows={obedience.map(({ workload, node, state, why }) => ({
          key: workload,
          cells: [
            <NodeLink key="link" id={node} name={workload} place={place} />,
            <Badge key="state" tone={obedienceTones[state]}>
              {state}
            </Badge>,
            why,
          ],
        }))}
      />
      {quotas.length > 0 && <Quotas quotas={quotas} />}
      {audit.length > 0 && <Refusals refusals={audit} place={place} />}
    </>
  );
}

/** What sidecars have reported; written every half minute. */
function Quotas({ quotas }: { readonly quotas: readonly QuotaLine[] }): JSX.Element {
  return (
    <Table
      title="Quotas in their present period"
      columns={[
        'Quota',
        'Service',
        'Limit',
        'Per',
        '#Admitted',
        '#Refused',
        '#Different',
        'Most requests of',
      ]}
      none=""
      rows={quotas.map(({ name, service, limit, per, isEnforced, admitted, refused, keys, users }) => ({
        key: `${name}@${service}`,
        cells: [
          name,
          service,
          isEnforced ? limit : `${limit} (Audit)`,
          per,
          String(admitted),
          String(refused),
          String(keys),
          users.map(userText).join(', '),
        ],
      }))}
    />
  );
}

function userText({ key, admitted, refused }: QuotaLine['users'][number]): string {
  return refused === 0 ? `${key} ${admitted}` : `${key} ${admitted} (${refused} refused)`;
}

function Others({
  title,
  keys,
  place,
}: {
  readonly title: string;
  readonly keys: readonly string[];
  readonly place: Place;
}): JSX.Element | null {
  if (keys.length === 0) return null;
  return (
    <p>
      {`${title}: `}
      {keys.map((key, at) => (
        <span key={key}>
          {at > 0 && ', '}
          <PolicyLink of={key} place={place} />
        </span>
      ))}
    </p>
  );
}

export function AuditPage({ place, isPaused }: PageProps): JSX.Element {
  const live = useLive<AuditView>('audit', isPaused);
  return (
    <>
      <h1 tabIndex={-1}>Audit</h1>
      <p class="note">
        Whom the rules of policies with enforcement Audit would refuse. Worked out every half minute.
      </p>
      <Viewed live={live}>
        {({ policies, refusals }) => (
          <>
            <Refusals refusals={refusals} place={place} />
            <PolicyTable title="Policies on trial" none="There are none." policies={policies} place={place} />
          </>
        )}
      </Viewed>
    </>
  );
}

function Refusals({
  refusals,
  place,
}: {
  readonly refusals: readonly AuditLine[];
  readonly place: Place;
}): JSX.Element {
  return (
    <Table
      title="Would be refused"
      columns={['Caller', 'Policy', 'Port', 'Because of', '#Requests', 'Last']}
      none="Nobody, as far as was seen."
      rows={refusals.map(({ policy, caller, object, port, rule, requests, last }) => ({
        key: JSON.stringify([policy, caller, port, rule]),
        cells: [
          object === '' ? caller : `${caller} (${object})`,
          <PolicyLink key="policy" of={policy} place={place} />,
          port,
          rule === '' ? 'no Allow rule matches' : `Deny rule ${rule}`,
          String(requests),
          time(last),
        ],
      }))}
    />
  );
}
