// What tables of several pages have in their cells.
import type { ComponentChildren, JSX } from 'preact';
import type { Numbers, ProxyRow } from '../../views/json.ts';
import { milliseconds, percent, perSecond } from '../format.ts';
import { linkTo, type Place } from '../route.ts';

export const numberColumns = ['#Requests', '#Success', '#p50', '#p99', '#Connections', '#Mutual TLS'];

export function numberCells({ requests, success, p50, p99, connections, mtls }: Numbers): readonly string[] {
  return [
    perSecond(requests),
    percent(success),
    milliseconds(p50),
    milliseconds(p99),
    perSecond(connections),
    percent(mtls),
  ];
}

export type Tone = 'good' | 'warning' | 'bad' | 'none';

export function Badge({
  tone,
  children,
}: {
  readonly tone: Tone;
  readonly children: ComponentChildren;
}): JSX.Element {
  return <span class={`badge badge-${tone}`}>{children}</span>;
}

export function NodeLink({
  id,
  name,
  place,
}: {
  readonly id: string | null;
  readonly name: string;
  readonly place: Place;
}): JSX.Element {
  return id === null ? <>{name}</> : <a href={linkTo({ page: 'node', id }, place)}>{name}</a>;
}

/** `kind/namespace/name`. */
export function PolicyLink({ of, place }: { readonly of: string; readonly place: Place }): JSX.Element {
  const [kind = '', namespace = '', name = ''] = of.split('/');
  return (
    <a href={linkTo({ page: 'policy', kind, namespace, name }, place)}>{`${kind} ${namespace}/${name}`}</a>
  );
}

const proxyTones = {
  Current: 'good',
  Pending: 'warning',
  Rejected: 'bad',
  Away: 'none',
  Unseen: 'none',
} as const;

export function ProxyState({ state }: Pick<ProxyRow, 'state'>): JSX.Element {
  return <Badge tone={proxyTones[state]}>{state === 'Current' ? 'Up to date' : state}</Badge>;
}

export function time(iso: string | null): string {
  return iso === null ? '–' : new Date(iso).toLocaleString();
}
