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

/** Runtime values: for each host that may be called. */
export function admittedHosts(hosts: AllowList): EnvoyMessage {
  const callable = hosts.filter(({ tls }) => tls !== 'unusable');
  return Object.fromEntries(callable.map((host) => [allowedHostKey(host), 100]));
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
