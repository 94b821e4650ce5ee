// What is looked at before a filter chain is chosen, and for how long: a client that waits for the server to speak
// first sends nothing that could be looked at.
import type { InboundPortIr } from '../../../ir/inbound.ts';
import type { WorkloadIr } from '../../../ir/mesh-ir.ts';
import type { Origin } from '../../../ir/origin.ts';
import { typeUrl } from '../../proto/type-urls.ts';
import { resource } from '../resource.ts';
import { inspecting, inspectorType, tlsInspector } from '../tls-inspector.ts';
import { any, extension, overAds } from '../typed-config.ts';
import type { EnvoyMessage } from '../../proto/envoy-message.ts';
import type { XdsResource } from '../xds-resource.ts';

const listenerFilters = 'envoy.extensions.filters.listener';
const originalDestinationType = `${listenerFilters}.original_dst.v3.OriginalDst`;

export const originalDestination: EnvoyMessage = extension(
  'envoy.filters.listener.original_dst',
  originalDestinationType,
);

/**
 * What a plaintext client of a server that speaks first waits for on a TCP port that is inspected. A handshake that begins later fails, so
 * it is also what a busy machine may take to begin one (decision 023).
 */
const serverFirstTimeoutMs = 2_000;
/** Where clients speak first: a TLS client on a busy machine must not be taken for a plaintext one. */
const clientFirstTimeoutMs = 5_000;

/**
 * How long a client may take to say whether it speaks TLS, in milliseconds; then it is taken for plaintext. Whatever the mode: a
 * change of it would be one of the whole listener, and end every connection.
 */
export function listenerFilterTimeout(port: Pick<InboundPortIr, 'protocol'> | 'any'): number {
  return port !== 'any' && port.protocol === 'HTTP' ? clientFirstTimeoutMs : serverFirstTimeoutMs;
}

/** Of a listener that has no other port. */
export function inspectorsOf({
  port,
  protocol,
}: Pick<InboundPortIr, 'port' | 'protocol'>): readonly EnvoyMessage[] {
  return [protocol === 'HTTP' ? tlsInspector : switchableInspector(String(port))];
}

/**
 * Of an intercepted workload. HTTP ports are always inspected: clients speak first there, and nobody waits. Each TCP port, and all that
 * no Service names, have an inspector of their own that is switched by ECDS. A port that only a policy names has none of its own: another
 * inspector is another listener, and would end the connections to all ports.
 */
export function inspectorsFor(workload: Pick<WorkloadIr, 'inbound'>): readonly EnvoyMessage[] {
  const inbound = workload.inbound.filter(({ isOnlyNamed }) => isOnlyNamed !== true);
  const at = (protocol: InboundPortIr['protocol']): readonly number[] =>
    inbound.filter((port) => port.protocol === protocol).map(({ port }) => port);
  const http = anyPort(at('HTTP'));
  const named = anyPort(inbound.map(({ port }) => port));
  return [
    ...(http === null ? [] : [{ ...tlsInspector, filter_disabled: { not_match: http } }]),
    ...at('TCP').map((port) => {
      return { ...switchableInspector(String(port)), filter_disabled: { not_match: anyPort([port]) } };
    }),
    { ...switchableInspector(others), ...(named !== null && { filter_disabled: named }) },
  ];
}

/** Of ports that no Service names. */
export const others = 'other';

/** Mode of the inspector of all ports that have none of their own: whoever is told from others on one of them is inspected on all. */
export function modeOfOthers({
  inbound,
  otherInbound,
}: Pick<WorkloadIr, 'inbound' | 'otherInbound'>): InboundPortIr['mtls'] {
  const modes = [otherInbound, ...inbound.filter(({ isOnlyNamed }) => isOnlyNamed === true)];
  return modes.find(({ mtls }) => mtls !== 'Disabled')?.mtls ?? 'Disabled';
}

function switchableInspector(label: string): EnvoyMessage {
  return {
    name: inspectorName(label),
    config_discovery: {
      config_source: overAds,
      type_urls: [inspectorType, originalDestinationType].map((type) => `type.googleapis.com/${type}`),
      default_config: inspecting,
      apply_default_config_without_warming: true,
    },
  };
}

function inspectorName(label: string): string {
  return `inbound/${label}/tls_inspector`;
}

/** A filter that waits for nothing, and finds out what is known. */
const notInspecting = any(originalDestinationType);

/** Whether clients of a TCP port are told apart. Where nobody would be, a server that speaks first may do so at once. */
export function buildInspector(
  label: string,
  mtls: InboundPortIr['mtls'],
  origins: readonly Origin[],
): XdsResource {
  const name = inspectorName(label);
  const typed_config = mtls === 'Disabled' ? notInspecting : inspecting;
  return resource(typeUrl.extensionConfig, { name, message: { name, typed_config }, origins });
}

/** Envoy wants at least two members of an alternative. */
function anyPort(ports: readonly number[]): EnvoyMessage | null {
  const predicates = ports.map((port) => ({ destination_port_range: { start: port, end: port + 1 } }));
  const [first, ...more] = predicates;
  if (first === undefined) return null;
  return more.length === 0 ? first : { or_match: { rules: predicates } };
}
