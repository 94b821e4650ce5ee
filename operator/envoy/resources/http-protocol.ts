// HTTP as it passes through a sidecar, on both of its sides: what applications write arrives as they wrote it, within bounds.
// What cannot, and why, is in docs/transparency.md; test/integration/transparency.test.ts holds it against a real Envoy.
import type { EnvoyMessage } from '../proto/envoy-message.ts';
import { ignoredUpgrades } from './upgrades.ts';
import { extension } from './typed-config.ts';

/**
 * Larger heads than common servers take: Node.js takes 16 KiB, Tomcat 8, nginx 32; a Kerberos ticket may have 64. What one
 * connection may have a sidecar hold is bounded all the same.
 */
export const maxHeadersKiB = 256;
export const maxHeaders = 1_000;

/** Names in their letter case, reason phrases in their words. */
const asWritten: EnvoyMessage = {
  stateful_formatter: extension(
    'preserve_case',
    'envoy.extensions.http.header_formatters.preserve_case.v3.PreserveCaseFormatterConfig',
    { forward_reason_phrase: true },
  ),
};

/** Between two sidecars and to applications. */
export const http1: EnvoyMessage = {
  header_key_format: asWritten,
  enable_trailers: true,
  allow_custom_methods: true,
};

/** Of clients of a sidecar. HTTP/1.1, in which it goes on, requires a Host. */
export const downstreamHttp1: EnvoyMessage = {
  ...http1,
  accept_http_10: true,
  default_host_for_http_10: 'localhost',
  ignore_http_11_upgrade: ignoredUpgrades,
};

/** WebSockets over HTTP/2 (RFC 8441); CONNECT itself finds no route. */
export const http2: EnvoyMessage = { allow_connect: true };
