// What may refuse a call at the sidecars of those who may answer it.
import { authority } from '../envoy/resources/names.ts';
import type { MeshIr, WorkloadIr } from '../ir/mesh-ir.ts';
import type { Call, CallRequest } from './call.ts';
import type {
  Backend,
  Explanation,
  Forward,
  HttpOutcome,
  LimitAtServers,
  ServerLimit,
} from './explanation.ts';
import type { ProxyConfig } from './proxy-config.ts';
import { limitsAt } from './server-limits.ts';
import { nameOf, type Source } from './sources.ts';

/** Whose sidecar takes what is sent to an address and a port; undefined: nobody's. */
export type ServerAt = (address: string, port: number) => WorkloadIr | undefined;

export function serversIn({ services, workloads, settings }: MeshIr): ServerAt {
  const byKey = new Map(workloads.map((workload) => [workload.key, workload]));
  const byEndpoint = new Map(
    services.flatMap(({ endpoints }) =>
      endpoints.flatMap(({ address, port, workload }) => {
        const server = byKey.get(workload);
        return server === undefined ? [] : [[authority(address, port), server] as const];
      }),
    ),
  );
  const byAddress = new Map(
    workloads
      .filter(({ intercepted }) => intercepted)
      .flatMap((workload) => workload.addresses.map((address) => [address, workload] as const)),
  );
  const isPassedBy = ({ intercepted }: WorkloadIr, port: number): boolean =>
    intercepted && settings.sidecar.excludeInboundPorts.includes(port);
  return (address, port) => {
    const server = byEndpoint.get(authority(address, port)) ?? byAddress.get(address);
    return server === undefined || isPassedBy(server, port) ? undefined : server;
  };
}

/** Of `10.0.0.1:9080` or `[fd00::1]:9080`. */
export function splitAuthority(text: string): { readonly address: string; readonly port: number } {
  const at = text.lastIndexOf(':');
  return { address: text.slice(0, at).replace(/^\[(.*)\]$/, '$1'), port: Number(text.slice(at + 1)) };
}

/**
 * Each limit once, with the endpoints that have it.
 * @param caller its SPIFFE ID; null: it has none
 */
export function limitsOfServers(
  { outcome }: Explanation,
  { request }: Call,
  caller: string | null,
  {
    serverAt,
    configOf,
  }: { readonly serverAt: ServerAt; readonly configOf: (server: WorkloadIr) => ProxyConfig },
): readonly LimitAtServers[] {
  if (outcome.type !== 'Http' || outcome.action.type !== 'Forward') return [];
  const sent = sentRequest(request, outcome, outcome.action);
  const endpoints = endpointsOf(outcome.action.backends);
  const found = new Map<string, Omit<LimitAtServers, 'endpoints'> & { readonly endpoints: string[] }>();
  for (const { address, mtls } of endpoints) {
    const { address: host, port } = splitAuthority(address);
    const server = serverAt(host, port);
    if (server === undefined) continue;
    for (const limit of limitsAt(configOf(server), { request: sent, port, caller: mtls ? caller : null })) {
      const source = sourceOf(limit, server, port);
      const key = JSON.stringify([limit, source]);
      const known = found.get(key) ?? { limit, source, endpoints: [] };
      known.endpoints.push(address);
      found.set(key, known);
    }
  }
  return [...found.values()].map((one) => {
    const isEverywhere = one.endpoints.length === endpoints.length;
    return { ...one, endpoints: isEverywhere ? null : one.endpoints };
  });
}

const fields = { AdmissionControl: 'admissionControl', AdaptiveConcurrency: 'adaptiveConcurrency' } as const;

function sourceOf(limit: ServerLimit, { inbound }: WorkloadIr, port: number): Source {
  if (limit.type === 'Rate' || limit.type === 'Quota') {
    const [namespace = '', policy = '', name = ''] = limit.id.split('/');
    const list = limit.type === 'Rate' ? 'limits' : 'quotas';
    return { object: `TrafficPolicy ${namespace}/${policy}`, field: `spec.${list}[${name}]` };
  }
  const field = fields[limit.type];
  const origin = inbound.find((one) => one.port === port)?.limits?.setBy[field];
  return { object: origin === undefined ? '' : nameOf(origin), field: `spec.${field}` };
}

/** Each address once: several subsets may have it. */
export function endpointsOf(
  backends: readonly Backend[],
): readonly { readonly address: string; readonly mtls: boolean }[] {
  const served = backends.filter(({ share }) => share > 0).flatMap(({ endpoints }) => endpoints ?? []);
  return [...new Map(served.map((endpoint) => [endpoint.address, endpoint])).values()];
}

/** As it leaves the sidecar of the caller. */
export function sentRequest(
  request: CallRequest,
  { requestHeaders }: HttpOutcome,
  { path, authority: host }: Forward,
): CallRequest {
  const headers = requestHeaders.reduce<CallRequest['headers']>((given, { type, name, value }) => {
    const lower = name.toLowerCase();
    const kept = type === 'Add' ? given : given.filter(([other]) => other !== lower);
    return type === 'Remove' ? kept : [...kept, [lower, value]];
  }, request.headers);
  return { ...request, path: path ?? request.path, authority: host ?? request.authority, headers };
}
