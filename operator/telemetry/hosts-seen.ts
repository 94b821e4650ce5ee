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
  for (const { reporter, metric, tags, ring } of all) {
    if (metric !== 'outbound.hosts') continue;
    const [calls = 0] = ring.sums(window.fromMs, window.at.monotonicMs);
    if (calls === 0) continue;
    const [host, port] = [nameIn(tags.destination), Number(tags.port) || 0];
    const protocol = tags.route.startsWith('TLS ') ? 'TLS' : 'HTTP';
    const key = JSON.stringify([host, port, protocol]);
    const known = seen.get(key);
    seen.set(key, {
      host,
      port,
      protocol,
      calls: calls + (known?.calls ?? 0),
      refused: (refusals.includes(tags.route) ? calls : 0) + (known?.refused ?? 0),
      workloads: withOne(known?.workloads ?? [], reporter),
      lastMs: Math.max(wallOf(ring.lastMs, window.at), known?.lastMs ?? 0),
    });
  }
  return [...seen.values()]
    .toSorted(byText(({ host, port, protocol }) => `${host} ${port} ${protocol}`))
    .toSorted((a, b) => b.calls - a.calls)
    .slice(0, mostHosts);
}

function nameIn(destination: string): string {
  return destination.toLowerCase().replace(/:\d+$/, '');
}

function withOne(workloads: readonly string[], one: string): readonly string[] {
  if (workloads.includes(one) || workloads.length >= mostWorkloads) return workloads;
  return [...workloads, one].toSorted();
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
