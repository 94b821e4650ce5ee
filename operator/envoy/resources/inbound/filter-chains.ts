// How a port takes connections, by its mode. Mesh mutual TLS is told from an application's own TLS by the private
// ALPN. A connection for which there is no chain is closed, and the listener's log says so.
import type { InboundPortIr } from '../../../ir/inbound.ts';
import { blackholeCluster, meshAlpn, sidecarPorts } from '../names.ts';
import type { ListenerLogs } from '../named-logs.ts';
import { handshakeTimeout } from '../connection-timeouts.ts';
import { tcpProxy } from '../tcp-proxy.ts';
import { type BelievedPeers, downstreamTls } from '../tls.ts';
import type { EnvoyMessage } from '../../proto/envoy-message.ts';
import { inboundHttp, refusingHttp, seenAt, statPrefix } from './connection-manager.ts';
import { admitsUnknownBytes, allowedPeers } from './peers.ts';
import { endsWhenRefused, peersSecret } from './tcp-admission.ts';

export interface GuardedPort extends Pick<
  InboundPortIr,
  'mtls' | 'authentication' | 'authorization' | 'authorizers' | 'probes'
> {
  /** any: of all ports that no Service names, whose connections are passed on to wherever they were going. */
  readonly protocol: InboundPortIr['protocol'] | 'any';
  /** `9080`, or `other`: in the names of chains and counters. */
  readonly label: string;
  /** To the application. */
  readonly cluster: string;
  /** Only connections to this port; null on a listener that has no other. */
  readonly destinationPort: number | null;
  /** Access logs that the Mesh asks for. */
  readonly named: ListenerLogs;
  /** Of `any`: ports that policies name. When there are others, connections to them are on the wrong chain, and are drained with it. */
  readonly not?: readonly number[];
}

/**
 * From the most to the least specific. Disabled has those of Permissive: callers of the mesh come in plaintext because they are told
 * to, and those that came by mutual TLS before are not cut off.
 */
export function filterChains(port: GuardedPort): readonly EnvoyMessage[] {
  if (port.mtls === 'Strict') return [meshChain(port), ...strictPlaintextChain(port)];
  return [meshChain(port), ...applicationTlsChain(port), ...plaintextChain(port)];
}

/** Also what was not inspected. */
const rawBuffer = { transport_protocol: 'raw_buffer' };

function meshChain(port: GuardedPort): EnvoyMessage {
  const http = port.protocol === 'HTTP';
  return {
    ...chain(port, 'mesh', { transport_protocol: 'tls', application_protocols: [meshAlpn] }),
    transport_socket: downstreamTls(believed(port)),
    transport_socket_connect_timeout: handshakeTimeout,
    filters: http ? [inboundHttp({ ...port, chain: 'mesh' })] : bytes(port, 'mesh'),
  };
}

/** HTTP: rules look at requests. TCP: by SDS, so that a change of rules is none of the chain and of the connections on it. */
function believed({ protocol, label, authorization }: GuardedPort): BelievedPeers {
  if (protocol === 'TCP') return { secret: peersSecret(label) };
  return (protocol === 'any' ? allowedPeers(authorization) : null) ?? 'everyone';
}

/** Encrypted by the application itself: nothing of it can be read here. */
function applicationTlsChain(port: GuardedPort): readonly EnvoyMessage[] {
  if (!admitsUnknownBytes(port, port.protocol === 'HTTP')) return [];
  const match = { transport_protocol: 'tls' };
  return [{ ...chain(port, 'application-tls', match), filters: bytes(port, 'plaintext') }];
}

function plaintextChain(port: GuardedPort): readonly EnvoyMessage[] {
  const plaintext = chain(port, 'plaintext', rawBuffer);
  if (port.protocol === 'HTTP') {
    return [{ ...plaintext, filters: [inboundHttp({ ...port, chain: 'plaintext' })] }];
  }
  if (!admitsUnknownBytes(port, false)) return refusalChain(port);
  return [{ ...plaintext, filters: bytes(port, 'plaintext') }];
}

/** HTTP: the same chain as in Permissive, so that a change of the mode is one of route tables. */
function strictPlaintextChain(port: GuardedPort): readonly EnvoyMessage[] {
  return port.protocol === 'HTTP' ? plaintextChain(port) : refusalChain(port);
}

/**
 * HTTP clients are told, and probes are let through; a plaintext connection to a TCP port that nobody probes by HTTP leads
 * nowhere at all.
 */
function refusalChain(port: GuardedPort): readonly EnvoyMessage[] {
  if (port.probes.length === 0) return [];
  return [{ ...chain(port, 'refusal', rawBuffer), filters: [refusingHttp(port)] }];
}

/** For each of the sidecar's own ports: passed on, a connection to one of them would come back to the sidecar, for ever. */
export function sidecarPortChains(): readonly EnvoyMessage[] {
  return sidecarPorts.map((port) => closedChain({ label: String(port), destinationPort: port }));
}

/** Leads to a cluster without endpoints, so that connections are closed at once: a listener needs a chain. */
function closedChain(port: Pick<GuardedPort, 'label' | 'destinationPort'>): EnvoyMessage {
  return {
    ...chain(port, 'closed', {}),
    filters: [passedOn(port.label, blackholeCluster, 'plaintext')],
  };
}

function chain(
  port: Pick<GuardedPort, 'label' | 'destinationPort' | 'not'>,
  kind: string,
  match: EnvoyMessage,
): EnvoyMessage {
  const { destinationPort, label, not = [] } = port;
  const destination = destinationPort === null ? {} : { destination_port: destinationPort };
  return {
    name: `${label}/${kind}`,
    filter_chain_match: { ...destination, ...match },
    ...(not.length > 0 && { metadata: { filter_metadata: { 'meshwright.dev': { not } } } }),
  };
}

/** `any` with an identity: nothing is known of its endpoint, see decision 23. */
function bytes(
  { label, cluster, protocol }: Pick<GuardedPort, 'label' | 'cluster' | 'protocol'>,
  caller: 'mesh' | 'plaintext',
): readonly EnvoyMessage[] {
  const passOn = passedOn(label, cluster, caller);
  return caller === 'mesh' && protocol === 'any' ? [passOn] : [endsWhenRefused(label, caller), passOn];
}

function passedOn(label: string, cluster: string, caller: 'mesh' | 'plaintext'): EnvoyMessage {
  return tcpProxy({ seen: seenAt(label, caller), statPrefix: statPrefix(label, caller), cluster });
}
