// What an access log can say about a request: names as users write them, in the order of a JSON line.

export const logFields = [
  'log',
  'direction',
  'start_time',
  'duration_ms',
  'response_flags',
  'connection_termination_details',
  'downstream_address',
  'destination_address',
  'downstream_tls_failure',
  'upstream_cluster',
  'upstream_address',
  'upstream_failure',
  'bytes_received',
  'bytes_sent',
  'method',
  'authority',
  'path',
  'protocol',
  'response_code',
  'response_code_details',
  'route_name',
  'attempts',
  'request_id',
  'identity',
  'peer',
  'rule',
  'refused',
  'authorization',
] as const;
export type LogField = (typeof logFields)[number];

const known: ReadonlySet<string> = new Set(logFields);

export function isLogField(name: string): name is LogField {
  return known.has(name);
}

/** `request.headers.x-tenant` or `response.headers.x-tenant`; null: it is none. */
export function headerField(
  name: string,
): { readonly of: 'request' | 'response'; readonly header: string } | null {
  const found = /^(request|response)\.headers\.([a-z0-9][-_a-z0-9]*)$/.exec(name);
  const [, of, header = ''] = found ?? [];
  return of === 'request' || of === 'response' ? { of, header } : null;
}
