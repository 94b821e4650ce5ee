// The allow list, as its resources look at it.
import type { AllowedHostIr } from '../../../ir/allowed-host.ts';
import type { EnvoyMessage } from '../../proto/envoy-message.ts';
import { allowedHostKey } from '../runtime.ts';

export type AllowList = readonly AllowedHostIr[];

/** Each once, ascending, and more besides. */
export function portsOf(hosts: AllowList, more: readonly number[]): readonly number[] {
  return [...new Set([...hosts.map(({ port }) => port), ...more])].toSorted((a, b) => a - b);
}

export function hostsAt(hosts: AllowList, port: number, protocol: AllowedHostIr['protocol']): AllowList {
  return hosts.filter((one) => one.port === port && one.protocol === protocol);
}

/** Runtime values: for each host that workloads of the namespace may call; null: of a namespace that no host names. */
export function admittedHosts(hosts: AllowList, namespace: string | null): EnvoyMessage {
  const callable = hosts.filter((one) => one.tls !== 'unusable' && isCallableFrom(namespace, one));
  return Object.fromEntries(callable.map((host) => [allowedHostKey(host), 100]));
}

function isCallableFrom(namespace: string | null, { namespaces }: AllowedHostIr): boolean {
  return namespaces === undefined || (namespace !== null && namespaces.includes(namespace));
}

/** Those that some host names: they may call more than others. */
export function namedNamespaces(hosts: AllowList): ReadonlySet<string> {
  return new Set(hosts.flatMap(({ namespaces = [] }) => namespaces));
}

export function isWildcard({ host }: AllowedHostIr): boolean {
  return host.startsWith('*.');
}

/** `.example.com` for `*.example.com` */
export function suffixOf(wildcard: AllowedHostIr): string {
  return wildcard.host.slice(1);
}

/** Those that allow what this one allows: itself first, for it says most of what is to be done. */
export function covering(hosts: AllowList, { host }: AllowedHostIr): AllowList {
  const wider = hosts.filter((one) => one.host !== host && isWildcard(one) && host.endsWith(suffixOf(one)));
  return [...hosts.filter((one) => one.host === host), ...wider];
}
