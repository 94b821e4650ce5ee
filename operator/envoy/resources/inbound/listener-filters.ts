// What is looked at before a filter chain is chosen, and for how long: a client that waits for the server to speak
// first sends nothing that could be looked at.
import type { InboundPortIr } from '../../../ir/inbound.ts';
import type { WorkloadIr } from '../../../ir/mesh-ir.ts';
import { extension } from '../typed-config.ts';
import type { EnvoyMessage } from '../../proto/envoy-message.ts';

export const originalDestination: EnvoyMessage = extension(
  'envoy.filters.listener.original_dst',
  'envoy.extensions.filters.listener.original_dst.v3.OriginalDst',
);

export const tlsInspector: EnvoyMessage = extension(
  'envoy.filters.listener.tls_inspector',
  'envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector',
);

/** What a plaintext client of a server that speaks first waits for on a Permissive TCP port. */
const serverFirstTimeoutMs = 500;
/** Where clients speak first: a TLS client on a busy machine must not be taken for a plaintext one. */
const clientFirstTimeoutMs = 5_000;

/** How long a client may take to say whether it speaks TLS, in milliseconds; then it is taken for plaintext. */
export function listenerFilterTimeout(ports: readonly Pick<InboundPortIr, 'protocol' | 'mtls'>[]): number {
  const serverMaySpeakFirst = ports.some(({ protocol, mtls }) => protocol === 'TCP' && mtls === 'Permissive');
  return serverMaySpeakFirst ? serverFirstTimeoutMs : clientFirstTimeoutMs;
}

/** The TLS inspector of an intercepted workload, switched off for ports whose mutual TLS is Disabled. */
export function tlsInspectorFor({ inbound, otherInbound }: WorkloadIr): EnvoyMessage {
  const disabled = inbound.filter(({ mtls }) => mtls === 'Disabled').map(({ port }) => destinationPort(port));
  const others = otherInbound.mtls === 'Disabled' ? [otherThan(inbound)] : [];
  const predicate = anyOf([...disabled, ...others]);
  return predicate === null ? tlsInspector : { ...tlsInspector, filter_disabled: predicate };
}

function otherThan(ports: readonly InboundPortIr[]): EnvoyMessage {
  const named = anyOf(ports.map(({ port }) => destinationPort(port)));
  return named === null ? { any_match: true } : { not_match: named };
}

/** Envoy wants at least two members of an alternative. */
function anyOf(predicates: readonly EnvoyMessage[]): EnvoyMessage | null {
  const [first, ...others] = predicates;
  if (first === undefined) return null;
  return others.length === 0 ? first : { or_match: { rules: predicates } };
}

function destinationPort(port: number): EnvoyMessage {
  return { destination_port_range: { start: port, end: port + 1 } };
}
