// Hosts outside the mesh that were called, by the name that the calls said, and the list that would allow them. Pure.
import type { AllowedHostIr } from '../ir/allowed-host.ts';
import { byText } from '../values/compare-text.ts';
import type { Series } from './store.ts';
import { type Window, wallOf } from './window.ts';

export interface HostSeen {
  /** In lower case, without a port. ''; the calls named none. `other`: of more than the store tells apart. */
  readonly host: string;
  readonly port: number;
  readonly protocol: 'TLS' | 'HTTP';
  /** Connections of TLS, requests of HTTP. */
  readonly calls: number;
  /** Of these, calls that were refused, since the host was not in the list and the mode RegistryOnly. */
  readonly refused: number;
  /** Keys of workloads that called it, sorted: at most 10. */
  readonly workloads: readonly string[];
  /** Milliseconds since 1970. */
  readonly lastMs: number;
}

const mostHosts = 200;
const mostWorkloads = 10;

/** What became of a call that was refused: the cluster of a connection, the route of a request. */
const refusals: readonly string[] = ['TLS blackhole', 'HTTP not-allowed'];

export function hostsSeen(all: Iterable<Series>, window: Window): readonly HostSeen[] {
  const seen = new Map<string, HostSeen>();
  for (const series of all) {
    const one = seenBy(series, window);
    if (one === null) continue;
    const key = JSON.stringify([one.host, one.port, one.protocol]);
    const known = seen.get(key);
    seen.set(key, known === undefined ? one : together(known, one));
  }
  return [...seen.values()]
    .toSorted(byText(({ host, port, protocol }) => `${host} ${port} ${protocol}`))
    .toSorted((a, b) => b.calls - a.calls)
    .slice(0, mostHosts);
}

/** Null: nothing was counted in that time, or something else. */
function seenBy({ reporter, metric, tags, ring }: Series, { fromMs, at }: Window): HostSeen | null {
  if (metric !== 'outbound.hosts') return null;
  const [calls = 0] = ring.sums(fromMs, at.monotonicMs);
  if (calls === 0) return null;
  return {
    host: nameIn(tags.destination),
    port: Number(tags.port) || 0,
    protocol: tags.route.startsWith('TLS ') ? 'TLS' : 'HTTP',
    calls,
    refused: refusals.includes(tags.route) ? calls : 0,
    workloads: [reporter],
    lastMs: wallOf(ring.lastMs, at),
  };
}

function together(known: HostSeen, more: HostSeen): HostSeen {
  return {
    ...known,
    calls: known.calls + more.calls,
    refused: known.refused + more.refused,
    workloads: [...new Set([...known.workloads, ...more.workloads])].toSorted().slice(0, mostWorkloads),
    lastMs: Math.max(known.lastMs, more.lastMs),
  };
}

function nameIn(destination: string): string {
  return destination.toLowerCase().replace(/:\d+$/, '');
}

/** As spec.outbound.hosts of a Mesh has it. */
export interface SuggestedHost {
  readonly host: string;
  readonly ports: readonly Pick<AllowedHostIr, 'port' | 'protocol'>[];
}

/** As the schema of the Mesh wants it. */
const hostName = /^([a-z0-9]([-a-z0-9]*[a-z0-9])?\.)+[a-z]([-a-z0-9]*[a-z0-9])?$/;

/** What would have to be added to the list for all that was called. To be reviewed: a workload may call what it likes. */
export function suggestedHosts(
  seen: readonly HostSeen[],
  allowed: readonly AllowedHostIr[],
): readonly SuggestedHost[] {
  const missing = seen.filter((one) => hostName.test(one.host) && !allowed.some((it) => allows(it, one)));
  const hosts = [...new Set(missing.map(({ host }) => host))].toSorted();
  return hosts.map((host) => ({
    host,
    ports: missing
      .filter((one) => one.host === host)
      .map(({ port, protocol }) => ({ port, protocol }))
      .toSorted((a, b) => a.port - b.port),
  }));
}

function allows(entry: AllowedHostIr, { host, port, protocol }: HostSeen): boolean {
  if (entry.port !== port || entry.protocol !== protocol) return false;
  return entry.host.startsWith('*.') ? host.endsWith(entry.host.slice(1)) : entry.host === host;
}
