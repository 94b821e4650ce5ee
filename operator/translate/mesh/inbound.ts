// The inbound side of workloads that have a sidecar.
import type { ExternalWorkload } from '../../../api/v1alpha1/external-workload.ts';
import type { InboundPortIr } from '../../ir/inbound.ts';
import type { Origin } from '../../ir/origin.ts';
import type { WorkloadIr } from '../../ir/mesh-ir.ts';
import { isOnlyNamed } from '../policies/security/rule-ports.ts';
import type { Security } from '../policies/security/security.ts';
import { together } from '../policies/traffic/limits.ts';
import type { LimitsByPort } from '../policies/traffic/traffic.ts';
import { mergeOrigins } from '../facts/origins.ts';
import { type Protocol, protocolOfAppProtocol, protocolOfName } from '../facts/protocol.ts';
import type { ServedPort } from '../facts/served-ports.ts';
import type { Pod } from '../../objects/objects.ts';
import { probesOf } from '../facts/probes.ts';
import type { Workload } from '../facts/workload.ts';

type ExternalPort = ExternalWorkload['spec']['ports'][number];

/** Where the application behind a sidecar outside pods listens. */
const applicationAddress = '127.0.0.1';

/** served: port → how Services lead to it. Sorted by port. */
export function inboundPorts(
  workload: Workload,
  served: ReadonlyMap<number, ServedPort>,
  security: Security,
  limits: LimitsByPort,
): readonly InboundPortIr[] {
  return declaredPorts(workload, served).map(({ services, ...port }) => {
    // A port that is only probed is guarded like all that no Service names.
    const guarded = workload.source.kind === 'Pod' && !served.has(port.port) ? null : port.port;
    const place = { port: guarded, protocol: port.protocol, knownPorts: served };
    const { origins, ...guard } = security.guard(workload, place);
    return Object.assign(port, {
      ...guard,
      limits: port.protocol === 'HTTP' ? limitsOf(served.get(port.port), limits) : null,
      origins: mergeOrigins([workload.origin], services, origins),
    });
  });
}

function limitsOf(served: ServedPort | undefined, limits: LimitsByPort): InboundPortIr['limits'] {
  return together(served?.servicePorts.flatMap((port) => limits.get(port) ?? []) ?? []);
}

type Guarded =
  | 'mtls'
  | 'authentication'
  | 'authorization'
  | 'authorizers'
  | 'authorizerHeaders'
  | 'audit'
  | 'namesRule'
  | 'limits'
  | 'origins';

interface DeclaredPort extends Omit<InboundPortIr, Guarded> {
  readonly services: readonly Origin[];
}

/** An ExternalWorkload says itself which ports it has. */
function declaredPorts(
  { source }: Workload,
  served: ReadonlyMap<number, ServedPort>,
): readonly DeclaredPort[] {
  if (source.kind === 'Pod') return podPorts(source, served);
  return listeningPorts(source).map((port) => ({
    port: port.port,
    listenAddress: source.spec.address,
    application: { address: applicationAddress, port: port.applicationPort ?? port.port },
    protocol: externalProtocol(port, served.get(port.port)),
    services: served.get(port.port)?.services ?? [],
    probes: [],
  }));
}

const onlyNamed = { isOnlyNamed: true } as const;

/** Those that Services lead to, and those that are only probed: of these nobody says a protocol. */
function podPorts(pod: Pod, served: ReadonlyMap<number, ServedPort>): readonly DeclaredPort[] {
  const probes = probesOf(pod);
  const numbers = new Set([...served.keys(), ...probes.keys()]);
  return [...numbers]
    .toSorted((a, b) => a - b)
    .map((port) => ({
      port,
      listenAddress: null,
      application: null,
      protocol: served.get(port)?.protocol ?? 'TCP',
      ...(isOnlyNamed(served.get(port)) && !probes.has(port) && onlyNamed),
      services: served.get(port)?.services ?? [],
      probes: probes.get(port) ?? [],
    }));
}

/** What holds for the ports that no Service names. Their protocol is unknown, so rules are those of TCP. */
export function otherInbound(
  workload: Workload,
  knownPorts: ReadonlyMap<number, ServedPort>,
  security: Security,
): WorkloadIr['otherInbound'] {
  const { mtls, authorization } = security.guard(workload, { port: null, protocol: 'TCP', knownPorts });
  return { mtls, authorization };
}

/** Ports the sidecar can listen on, sorted, each number once: not where it would take the application's own place. */
export function listeningPorts({ spec }: ExternalWorkload): readonly ExternalPort[] {
  const byPort = new Map<number, ExternalPort>();
  for (const port of spec.ports) {
    if (!byPort.has(port.port) && !takesApplicationsPlace(spec, port)) byPort.set(port.port, port);
  }
  return [...byPort.values()].toSorted((a, b) => a.port - b.port);
}

/** Sidecar and application would listen at the same address and port. */
export function takesApplicationsPlace(spec: ExternalWorkload['spec'], port: ExternalPort): boolean {
  return spec.address === applicationAddress && (port.applicationPort ?? port.port) === port.port;
}

function externalProtocol(port: ExternalPort, served: ServedPort | undefined): Protocol {
  const byServices = served?.isDeclared === true ? served.protocol : undefined;
  return protocolOfAppProtocol(port.appProtocol) ?? byServices ?? protocolOfName(port.name) ?? 'TCP';
}
