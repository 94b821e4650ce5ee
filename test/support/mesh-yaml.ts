// A MeshIr written down with only the facts that a case is about; mesh-samples.ts fills in the rest.
import { parse } from 'yaml';
import type { InboundPortIr } from '../../operator/ir/inbound.ts';
import type { MeshIr, WorkloadIr } from '../../operator/ir/mesh-ir.ts';
import type { RouteIr, RouteListIr } from '../../operator/ir/route.ts';
import type { ServicePortIr } from '../../operator/ir/service.ts';
import { originOf } from './origins.ts';
import {
  ownService,
  sampleInbound,
  sampleMesh,
  sampleRoute,
  sampleService,
  sampleWorkload,
} from './mesh-samples.ts';

export interface MeshCase {
  readonly ir: MeshIr;
  /** The resources that the case is about, as `Cluster shop/reviews/9080`; undefined: all. */
  readonly show: readonly string[] | undefined;
  /** Whether also what every connection manager has is shown. */
  readonly whole: boolean;
}

type PartialRoutes = readonly (Partial<RouteIr> & { readonly name: string })[];
type PartialService = Partial<Omit<ServicePortIr, 'routes'>> & {
  readonly key: string;
  readonly routes?: PartialRoutes;
  readonly byAudience?: readonly { readonly audience: string; readonly routes: PartialRoutes }[];
};
type PartialWorkload = Partial<Omit<WorkloadIr, 'inbound'>> & {
  readonly name: string;
  readonly inbound?: readonly (Partial<InboundPortIr> & { readonly port: number })[];
};
interface Written {
  readonly show?: readonly string[];
  readonly whole?: boolean;
  readonly outboundMode?: 'AllowAny' | 'RegistryOnly';
  readonly allowedHosts?: MeshIr['settings']['allowedHosts'];
  readonly tracing?: MeshIr['settings']['tracing'];
  readonly services?: readonly PartialService[];
  readonly workloads?: readonly PartialWorkload[];
}

/** Origins are written as one line. */
function withOrigins(key: unknown, value: unknown): unknown {
  const isList = key === 'origins' && Array.isArray(value);
  return isList ? value.map((item) => (typeof item === 'string' ? originOf(item) : item)) : value;
}

export function readMeshCase(text: string): MeshCase {
  const {
    show,
    whole = false,
    outboundMode = 'AllowAny',
    allowedHosts = [],
    tracing = null,
    services = [],
    workloads = [],
  } = parse(text, withOrigins) as Written;
  const { settings } = sampleMesh({});
  const ir = sampleMesh({
    settings: { ...settings, outboundMode, allowedHosts, tracing },
    services: services.map(readService),
    workloads: workloads.map(readWorkload),
  });
  return { ir, show, whole };
}

/** A backend without a service is one of the service itself. */
function readRoute({ action, ...parts }: Partial<RouteIr>): Partial<RouteIr> {
  if (action === undefined) return parts;
  if (action.type !== 'Forward') return { ...parts, action };
  const backends = action.backends.map((backend) =>
    'invalid' in backend ? backend : { ...backend, service: backend.service ?? ownService },
  );
  return {
    ...parts,
    action: { ...action, backends, rewrite: action.rewrite ?? null, mirrors: action.mirrors ?? [] },
  };
}

function readRoutes(routes: PartialRoutes): RouteListIr {
  return routes.map(({ name, ...route }) => sampleRoute(name, readRoute(route)));
}

function readService({ key, routes, byAudience = [], ...parts }: PartialService): ServicePortIr {
  return sampleService(key, {
    ...parts,
    ...(routes && { routes: readRoutes(routes) }),
    byAudience: byAudience.map((one) => ({ ...one, routes: readRoutes(one.routes) })),
  });
}

function readWorkload({ name, inbound = [], ...parts }: PartialWorkload): WorkloadIr {
  const intercepted = parts.intercepted ?? false;
  const reached = intercepted ? { listenAddress: null, application: null } : {};
  return sampleWorkload(name, {
    ...(intercepted && { key: `Pod/shop/${name}`, kind: 'Pod' }),
    ...parts,
    inbound: inbound.map(({ port, ...rest }) => sampleInbound(port, port + 10_000, { ...reached, ...rest })),
  });
}
