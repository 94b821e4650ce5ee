// Who may answer a call, and whether the sidecars there let it in.
import type { WorkloadIr } from '../../ir/mesh-ir.ts';
import type { Origin } from '../../ir/origin.ts';
import { ipVersion } from '../../values/ip-address.ts';
import type { Call } from '../call.ts';
import type { Explanation } from '../explanation.ts';
import type { ProxyConfig } from '../proxy-config.ts';
import { endpointsOf, sentRequest, type ServerAt, splitAuthority } from '../servers.ts';
import { authority } from '../../envoy/resources/names.ts';
import type { Source, SpecOf } from '../sources.ts';
import type { Access, AccessAtServers } from './access.ts';
import { evaluateAccess } from './evaluate-access.ts';
import { sourcesOfAccess } from './access-sources.ts';
import type { Judging } from './token.ts';

export interface Calling extends Judging {
  readonly call: Call;
  readonly explanation: Explanation;
  /** Of the certificate of its sidecar; null: it has no sidecar. */
  readonly spiffeId: string | null;
  /** The caller's. */
  readonly addresses: readonly string[];
  readonly speaksHttp: boolean;
}

export interface Reached {
  readonly serverAt: ServerAt;
  readonly configOf: (server: WorkloadIr) => ProxyConfig;
  readonly specOf: SpecOf;
  readonly mesh: Origin;
}

/** Each outcome once, with the endpoints that have it. Empty: nobody is known who would answer. */
export function accessAtServers(calling: Calling, reached: Reached): readonly AccessAtServers[] {
  const targets = targetsOf(calling, reached);
  const found = new Map<string, Omit<AccessAtServers, 'endpoints'> & { readonly endpoints: string[] }>();
  for (const target of targets) {
    const one = accessAt(target, calling, reached);
    const key = JSON.stringify(one);
    const known = found.get(key) ?? { ...one, endpoints: [] };
    known.endpoints.push(target.authority);
    found.set(key, known);
  }
  return [...found.values()].map((one) => {
    const isEverywhere = one.endpoints.length === targets.length;
    return { ...one, endpoints: isEverywhere ? null : one.endpoints };
  });
}

interface Target {
  readonly authority: string;
  readonly mtls: boolean;
}

function targetsOf({ explanation: { outcome }, call }: Calling, { serverAt }: Reached): readonly Target[] {
  if (outcome.type === 'Closed') return [];
  const action = outcome.type === 'Http' ? outcome.action : outcome;
  if (!('backends' in action)) return [];
  const { backends } = action;
  const named = endpointsOf(backends).map(({ address, mtls }) => ({ authority: address, mtls }));
  const isAnywhere = backends.some(({ endpoints, share }) => endpoints === null && share > 0);
  // Wherever the caller was going, without mutual TLS: of whoever is no server of the mesh, nothing is known.
  return isAnywhere && serverAt(call.address, call.port) !== undefined
    ? [...named, { authority: authority(call.address, call.port), mtls: false }]
    : named;
}

function accessAt(
  { authority: name, mtls }: Target,
  calling: Calling,
  { serverAt, configOf, specOf, mesh }: Reached,
): { readonly access: Access | null; readonly sources: readonly Source[] } {
  const { address, port } = splitAuthority(name);
  const server = serverAt(address, port);
  if (server === undefined) return { access: null, sources: [] };
  const { call, explanation, spiffeId, addresses, speaksHttp, token, nowMs } = calling;
  const { outcome } = explanation;
  const isForwarded = outcome.type === 'Http' && outcome.action.type === 'Forward';
  const access = evaluateAccess(configOf(server), {
    address,
    port,
    identity: mtls ? spiffeId : null,
    request: isForwarded ? sentRequest(call.request, outcome, outcome.action) : call.request,
    speaksHttp,
    from: addresses.find((one) => ipVersion(one) === ipVersion(address)) ?? addresses[0] ?? null,
    token,
    nowMs,
  });
  return {
    access,
    sources: sourcesOfAccess(access, { port, origins: originsAt(server, port, mesh) }, specOf),
  };
}

function originsAt({ inbound, origins }: WorkloadIr, port: number, mesh: Origin): readonly Origin[] {
  return [mesh, ...(inbound.find((one) => one.port === port)?.origins ?? origins)];
}
