// The hosts outside the mesh that were called in the last hour, as people read them. Pure.
import type { AllowedHostIr } from '../ir/allowed-host.ts';
import { type SuggestedHost, suggestedHosts } from './hosts-seen.ts';
import type { Observations } from './observations.ts';

export interface HostsPage {
  /** ISO 8601. Since when all is counted. */
  readonly since: string;
  /** As in `hosts-seen.ts`; `last`: ISO 8601. */
  readonly hosts: readonly object[];
  /** What is missing in spec.outbound.hosts of the Mesh. */
  readonly suggestion: readonly SuggestedHost[];
}

export function hostsPage(observations: Observations, allowed: readonly AllowedHostIr[]): HostsPage {
  const seen = observations.hosts();
  return {
    since: isoOf(observations.sinceMs()),
    hosts: seen.map(({ lastMs, ...host }) => ({ ...host, last: isoOf(lastMs) })),
    suggestion: suggestedHosts(seen, allowed),
  };
}

function isoOf(ms: number): string {
  return new Date(ms).toISOString();
}
