// Names of HTTP headers, and those that Meshwright keeps for itself.
import type { CelRule, Shape } from './schema.ts';

/** What sidecars tell each other by: no application and no policy may write or read it. */
export const reservedHeaderPrefix = 'x-meshwright-';

/** @see https://www.rfc-editor.org/rfc/rfc9110#section-5.1 */
export const headerName: Shape = {
  pattern: /^[A-Za-z0-9!#$%&*+.^_`|~-]+$/,
  message:
    'Write the name of an HTTP header, such as x-group; pseudo-headers such as :path have fields of their own.',
  max: 256,
};

/** For a header name. */
export const notReserved: CelRule = {
  rule: `!self.lowerAscii().startsWith('${reservedHeaderPrefix}')`,
  message: `Choose another name: headers that begin with ${reservedHeaderPrefix} are reserved.`,
};

/**
 * Headers that a sidecar removes before it looks at a request: what is said about one connection, and orders to the sidecar itself.
 * Without x-forwarded-client-cert, which the sidecar of the server writes anew.
 */
export const unseenHeaders = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'x-envoy-expected-rq-timeout-ms',
  'x-envoy-force-trace',
  'x-envoy-hedge-on-per-try-timeout',
  'x-envoy-internal',
  'x-envoy-ip-tags',
  'x-envoy-max-retries',
  'x-envoy-original-url',
  'x-envoy-retriable-header-names',
  'x-envoy-retriable-status-codes',
  'x-envoy-retry-grpc-on',
  'x-envoy-retry-on',
  'x-envoy-upstream-alt-stat-name',
  'x-envoy-upstream-rq-per-try-timeout-ms',
  'x-envoy-upstream-rq-timeout-alt-response',
  'x-envoy-upstream-rq-timeout-ms',
] as const;

/** For a header name. */
export const seen: CelRule = {
  rule: `!(self.lowerAscii() in ['${unseenHeaders.join("', '")}'])`,
  message: 'Choose another header: sidecars remove this one before they look at a request.',
};

/** For an object with type and value. */
export const possibleValue: CelRule = {
  rule: String.raw`self.type != 'Exact' || !has(self.value) || !self.value.matches(r'^[ \t]|[ \t]$|[\x00-\x08\x0a-\x1f\x7f]')`,
  message:
    'Remove spaces at the ends of value, line breaks and other control characters: no header has them.',
};

/** They belong to the connection, and each proxy writes its own. @see https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1 */
export const connectionHeaders: readonly string[] = [
  'connection',
  'content-length',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];
