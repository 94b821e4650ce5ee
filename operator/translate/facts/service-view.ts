// A Service as translation looks at it: its TCP ports with their protocols, and the workloads it selects with the
// port each of them serves it on.
import type { Origin } from '../../ir/origin.ts';
import type { Service, ServicePort } from '../../objects/objects.ts';
import { compareAge } from './precedence.ts';
import { originOf } from './origins.ts';
import { rememberEach, rememberLast } from '../../values/remember.ts';
import { targetPortOf, type Workload, type WorkloadIndex } from './workload.ts';
import { declaredProtocol, declaresTls, type Protocol } from './protocol.ts';

export interface ServiceView {
  /** `shop/reviews` */
  readonly key: string;
  readonly namespace: string;
  readonly name: string;
  readonly service: Service;
  readonly origin: Origin;
  readonly headless: boolean;
  /** Virtual IPs as the Service has them, before duplicates are sorted out. */
  readonly addresses: readonly string[];
  /** Sorted by port, each number once. */
  readonly ports: readonly PortView[];
  /** Ready or not, meshed or not. */
  readonly selected: readonly Workload[];
}

export interface PortView {
  /** `shop/reviews/9080` */
  readonly key: string;
  readonly port: number;
  readonly spec: ServicePort;
  readonly protocol: Protocol;
  /** The Service says that connections begin with a TLS handshake of the application. */
  readonly tls: boolean;
  /** The Service says which protocol it is; otherwise it is taken for TCP. */
  readonly isDeclared: boolean;
  /** The selected workloads that have the target port, with its number. */
  readonly targets: readonly { readonly workload: Workload; readonly port: number }[];
}

export interface ServiceViews {
  /** Oldest first. ExternalName services are not among them: they have no addresses and no endpoints. */
  readonly all: readonly ServiceView[];
  readonly byKey: ReadonlyMap<string, ServiceView>;
}

/** A view is the same object for as long as the Service is, and all that it selects. */
export function createServiceViewer(): (
  services: readonly Service[],
  workloads: WorkloadIndex,
) => ServiceViews {
  const viewOf = rememberEach(viewService);
  return rememberLast((services, workloads) => {
    const all = services
      .filter((service) => service.spec.type !== 'ExternalName')
      .toSorted(compareAge)
      .map((service) => viewOf(service, ...selectedBy(service, workloads)));
    return { all, byKey: new Map(all.map((view) => [view.key, view])) };
  });
}

export function serviceKey(namespace: string, name: string): string {
  return `${namespace}/${name}`;
}

/** To Kubernetes no selector means that somebody else writes the slices, not that every pod is selected. */
function selectedBy({ metadata, spec }: Service, workloads: WorkloadIndex): readonly Workload[] {
  const { selector = {} } = spec;
  if (Object.keys(selector).length === 0) return [];
  return workloads.byLabels.select(metadata.namespace ?? '', selector);
}

function viewService(service: Service, ...selected: readonly Workload[]): ServiceView {
  const { namespace = '', name } = service.metadata;
  const { clusterIP, clusterIPs } = service.spec;
  const addresses = (clusterIPs ?? [clusterIP ?? '']).filter(
    (address) => address !== '' && address !== 'None',
  );
  return {
    key: serviceKey(namespace, name),
    namespace,
    name,
    service,
    origin: originOf(service),
    headless: clusterIP === 'None' || (clusterIPs ?? []).includes('None'),
    addresses: [...new Set(addresses)],
    ports: viewPorts(service, selected),
    selected,
  };
}

function viewPorts(service: Service, selected: readonly Workload[]): readonly PortView[] {
  const { namespace = '', name } = service.metadata;
  const byPort = new Map<number, PortView>();
  for (const spec of service.spec.ports ?? []) {
    if ((spec.protocol ?? 'TCP') !== 'TCP' || byPort.has(spec.port)) continue;
    const declared = declaredProtocol(spec.appProtocol, spec.name);
    byPort.set(spec.port, {
      key: `${serviceKey(namespace, name)}/${spec.port}`,
      port: spec.port,
      spec,
      protocol: declared ?? 'TCP',
      tls: declaresTls(spec.appProtocol, spec.name),
      isDeclared: declared !== undefined,
      targets: selected.flatMap((workload) => {
        const port = targetPortOf(workload, spec);
        return port === undefined ? [] : [{ workload, port }];
      }),
    });
  }
  return [...byPort.values()].toSorted((a, b) => a.port - b.port);
}
