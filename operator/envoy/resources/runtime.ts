// What is switched on and off in sidecars that run, by RTDS: the keys, and the filters of access loggers that obey them.
import type { AllowedHostIr } from '../../ir/allowed-host.ts';
import type { EnvoyMessage } from '../proto/envoy-message.ts';
import type { Direction } from './vantage.ts';

/** Percentage of requests of which a line is written. Without a value: all. */
export function requestLogKey(direction: Direction): string {
  return `meshwright.access_log.${direction}.requests`;
}

/** Percentage of TCP connections, and of refused ones, of which a line is written. Without a value: all. */
export function connectionLogKey(direction: Direction): string {
  return `meshwright.access_log.${direction}.connections`;
}

/** Percentage of the kubelet's probes of which a line is written. Without a value: none. */
export const probeLogKey = 'meshwright.access_log.probes';

/** Percentage of requests that an access log of the Mesh is to look at. Without a value: none. */
export function namedLogKey(name: string, direction: Direction): string {
  return `meshwright.access_log.${direction}.named.${name}`;
}

/** Percentage of requests and connections that are counted by caller or callee. Without a value: none. */
export function statsKey(direction: Direction): string {
  return `meshwright.stats.${direction}`;
}

/** Envoy's own: so many spans are sent at once, or what there is after five seconds. */
export const spansKey = 'tracing.opentelemetry.min_flush_spans';

/** Percentage of connections without an identity that are admitted, of `5432` or `other`. Without a value: all. */
export function admissionKey(label: string): string {
  return `meshwright.inbound.${label}.without_identity`;
}

/** Percentage of TCP connections to destinations that no Service of the mesh has. Without a value: all. */
export const unknownDestinationsKey = 'meshwright.outbound.unknown_destinations';

/** Percentage of connections or requests to a host of the allow list that may go on. Without a value: none. */
export function allowedHostKey({ host, port, protocol }: AllowedHostIr): string {
  return `meshwright.outbound.hosts.${protocol.toLowerCase()}.${host}:${port}`;
}

/** Lets as many percent pass as the key says; before it says anything, all or nothing. */
export function runtimeFilter(key: string, otherwise: 0 | 100): EnvoyMessage {
  return { runtime_filter: { runtime_key: key, percent_sampled: { numerator: otherwise } } };
}

/** Loggers are asked at other moments, too, where open requests and connections are counted. */
export const atTheEnd: EnvoyMessage = whenLogged('TcpConnectionEnd', 'DownstreamEnd');

/** @see https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage (%ACCESS_LOG_TYPE%) */
export function whenLogged(...types: readonly string[]): EnvoyMessage {
  return { log_type_filter: { types } };
}

export function allOf(...filters: readonly EnvoyMessage[]): EnvoyMessage {
  return { and_filter: { filters } };
}

export function anyOf(...filters: readonly EnvoyMessage[]): EnvoyMessage {
  return { or_filter: { filters } };
}
