// How a port takes connections, by its mode. Mesh mutual TLS is told from an application's own TLS by the private
// ALPN. A connection for which there is no chain is closed, and the listener's log says so.
import type { InboundPortIr } from '../../../ir/inbound.ts';
import { blackholeCluster, meshAlpn, sidecarPorts } from '../names.ts';
import { tcpProxy } from '../tcp-proxy.ts';
import { downstreamTls } from '../tls.ts';
import type { EnvoyMessage } from '../../proto/envoy-message.ts';
import { inboundHttp, refusingHttp, statPrefix } from './connection-manager.ts';
import { admitsUnknownBytes, allowedPeers } from './peers.ts';

export interface GuardedPort extends Pick<InboundPortIr, 'protocol' | 'mtls' | 'authorization' | 'probes'> {
  /** `9080`, or `other`: in the names of chains and counters. */
  readonly label: string;
  /** To the application. */
  readonly cluster: string;
  /** Only connections to this port; null on a listener that has no other. */
  readonly destinationPort: number | null;
}

/** From the most to the least specific. */
export function filterChains(port: GuardedPort): readonly EnvoyMessage[] {
  return chainsOf[port.mtls](port);
}

type Chains = (port: GuardedPort) => readonly EnvoyMessage[];
const chainsOf: Readonly<Record<InboundPortIr['mtls'], Chains>> = {
  Permissive: (port) => [meshChain(port), ...applicationTlsChain(port), ...plaintextChain(port, rawBuffer)],
  Strict: (port) => [meshChain(port), ...strictPlaintextChain(port)],
  // Nothing is inspected there, so that nothing but the port is known.
  Disabled: (port) => orElse(plaintextChain(port, {}), closedChain(port)),
};

const rawBuffer = { transport_protocol: 'raw_buffer' };

function meshChain(port: GuardedPort): EnvoyMessage {
  const http = port.protocol === 'HTTP';
  return {
    ...chain(port, 'mesh', { transport_protocol: 'tls', application_protocols: [meshAlpn] }),
    transport_socket: downstreamTls(http ? null : allowedPeers(port.authorization)),
    filters: [http ? inboundHttp({ ...port, chain: 'mesh' }) : bytes(port, 'mesh')],
  };
}

/** Encrypted by the application itself: nothing of it can be read here. */
function applicationTlsChain(port: GuardedPort): readonly EnvoyMessage[] {
  if (!admitsUnknownBytes(port.authorization, port.protocol === 'HTTP')) return [];
  const match = { transport_protocol: 'tls' };
  return [{ ...chain(port, 'application-tls', match), filters: [bytes(port, 'plaintext')] }];
}

function plaintextChain(port: GuardedPort, match: EnvoyMessage): readonly EnvoyMessage[] {
  if (port.protocol === 'HTTP') {
    return [{ ...chain(port, 'plaintext', match), filters: [inboundHttp({ ...port, chain: 'plaintext' })] }];
  }
  if (!admitsUnknownBytes(port.authorization, false)) return refusalChain(port, match);
  return [{ ...chain(port, 'plaintext', match), filters: [bytes(port, 'plaintext')] }];
}

/** HTTP: the same chain as in Permissive, so that a change of the mode is one of route tables. */
function strictPlaintextChain(port: GuardedPort): readonly EnvoyMessage[] {
  return port.protocol === 'HTTP' ? plaintextChain(port, rawBuffer) : refusalChain(port);
}

/**
 * HTTP clients are told, and probes are let through; a plaintext connection to a TCP port that nobody probes by HTTP leads
 * nowhere at all.
 */
function refusalChain(port: GuardedPort, match: EnvoyMessage = rawBuffer): readonly EnvoyMessage[] {
  if (port.probes.length === 0) return [];
  return [{ ...chain(port, 'refusal', match), filters: [refusingHttp(port)] }];
}

/** For each of the sidecar's own ports: passed on, a connection to one of them would come back to the sidecar, for ever. */
export function sidecarPortChains(): readonly EnvoyMessage[] {
  return sidecarPorts.map((port) => closedChain({ label: String(port), destinationPort: port }));
}

/** Leads to a cluster without endpoints, so that connections are closed at once: a listener needs a chain. */
function closedChain(port: Pick<GuardedPort, 'label' | 'destinationPort'>): EnvoyMessage {
  return {
    ...chain(port, 'closed', {}),
    filters: [bytes({ ...port, cluster: blackholeCluster }, 'plaintext')],
  };
}

function orElse(chains: readonly EnvoyMessage[], last: EnvoyMessage): readonly EnvoyMessage[] {
  return chains.length > 0 ? chains : [last];
}

function chain(
  port: Pick<GuardedPort, 'label' | 'destinationPort'>,
  kind: string,
  match: EnvoyMessage,
): EnvoyMessage {
  const destination = port.destinationPort === null ? {} : { destination_port: port.destinationPort };
  return { name: `${port.label}/${kind}`, filter_chain_match: { ...destination, ...match } };
}

function bytes(
  { label, cluster }: Pick<GuardedPort, 'label' | 'cluster'>,
  caller: 'mesh' | 'plaintext',
): EnvoyMessage {
  return tcpProxy({ vantage: caller, statPrefix: statPrefix(label, caller), cluster });
}
