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

/** By the address of an endpoint, `10.0.0.1:9080`: whose sidecar answers there. */
export type Servers = ReadonlyMap<string, WorkloadIr>;

export function serversIn({ services, workloads }: MeshIr): Servers {
  const byKey = new Map(workloads.map((workload) => [workload.key, workload]));
  return new Map(
    services.flatMap(({ endpoints }) =>
      endpoints.flatMap(({ address, port, workload }) => {
        const server = byKey.get(workload);
        return server === undefined ? [] : [[authority(address, port), server] as const];
      }),
    ),
  );
}

/**
 * Each limit once, with the endpoints that have it.
 * @param caller its SPIFFE ID
 */
export function limitsOfServers(
  { outcome }: Explanation,
  { request }: Call,
  caller: string,
  {
    servers,
    configOf,
  }: { readonly servers: Servers; readonly configOf: (server: WorkloadIr) => ProxyConfig },
): readonly LimitAtServers[] {
  if (outcome.type !== 'Http' || outcome.action.type !== 'Forward') return [];
  const sent = sentRequest(request, outcome, outcome.action);
  const endpoints = endpointsOf(outcome.action.backends);
  const found = new Map<string, Omit<LimitAtServers, 'endpoints'> & { readonly endpoints: string[] }>();
  for (const { address, mtls } of endpoints) {
    const server = servers.get(address);
    if (server === undefined) continue;
    const port = Number(address.slice(address.lastIndexOf(':') + 1));
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
  if (limit.type === 'Rate') {
    const [namespace = '', policy = '', name = ''] = limit.id.split('/');
    return { object: `TrafficPolicy ${namespace}/${policy}`, field: `spec.limits[${name}]` };
  }
  const field = fields[limit.type];
  const origin = inbound.find((one) => one.port === port)?.limits?.setBy[field];
  return { object: origin === undefined ? '' : nameOf(origin), field: `spec.${field}` };
}

/** Each address once: several subsets may have it. */
function endpointsOf(
  backends: readonly Backend[],
): readonly { readonly address: string; readonly mtls: boolean }[] {
  const served = backends.filter(({ share }) => share > 0).flatMap(({ endpoints }) => endpoints ?? []);
  return [...new Map(served.map((endpoint) => [endpoint.address, endpoint])).values()];
}

function sentRequest(
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
