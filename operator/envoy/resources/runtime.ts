// What is switched on and off in sidecars that run, by RTDS: the keys.
import type { AllowedHostIr } from '../../ir/allowed-host.ts';
import type { Direction } from './vantage.ts';

/** Percentage of requests of which a line is written. Without a value: none. */
export function requestLogKey(direction: Direction): string {
  return `meshwright.access_log.${direction}.requests`;
}

/** Percentage of requests that failed or were refused of which a line is written. Without a value: none. */
export function failedRequestLogKey(direction: Direction): string {
  return `meshwright.access_log.${direction}.failed_requests`;
}

/** Percentage of TCP connections of which a line is written. Without a value: none. */
export function connectionLogKey(direction: Direction): string {
  return `meshwright.access_log.${direction}.connections`;
}

/** Percentage of TCP connections that failed or were refused of which a line is written. Without a value: none. */
export function failedConnectionLogKey(direction: Direction): string {
  return `meshwright.access_log.${direction}.failed_connections`;
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
