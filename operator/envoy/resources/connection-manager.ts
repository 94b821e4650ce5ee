// What both directions' HTTP connection managers have in common: to change as little as they can of what
// applications say to each other. Knows no service and no port.
import { duration } from '../proto/well-known.ts';
import type { EnvoyMessage } from '../proto/envoy-message.ts';
import { downstreamHttp1, http2, maxHeaders, maxHeadersKiB } from './http-protocol.ts';
import { namedRequestLog, requestLog } from './access-log.ts';
import type { ListenerLogs } from './named-logs.ts';
import { ruleStats } from './rule-stats.ts';
import { auditStats, openCountedEvery, openRequestStats, requestStats } from './stats-log.ts';
import { readB3, writeB3 } from './b3.ts';
import { drawing } from './sampling.ts';
import { tracing } from './tracing.ts';
import { requestHeadersTimeout, serverIdleTimeout } from './connection-timeouts.ts';
import type { Seen, Vantage } from './vantage.ts';
import { upgradeConfigs } from './upgrades.ts';
import { extension } from './typed-config.ts';

export interface ConnectionManagerParts {
  readonly seen: Seen;
  /** Where the counters of this connection manager are found. */
  readonly statPrefix: string;
  /** Before the router, in order. */
  readonly filters: readonly EnvoyMessage[];
  /** Extensions that change headers before anything else looks at them, in order. */
  readonly early: readonly EnvoyMessage[];
  /** Access logs that the Mesh asks for. */
  readonly named: ListenerLogs;
  /** Access logs besides those that all have. Default: none. */
  readonly logs?: readonly EnvoyMessage[] | undefined;
  /** Route table and what only this one has. */
  readonly more: EnvoyMessage;
}

/** As a network filter. */
export function connectionManager(parts: ConnectionManagerParts): EnvoyMessage {
  const traces = tracesOf(parts);
  const { seen } = parts;
  const { vantage } = seen;
  return extension(
    'envoy.filters.network.http_connection_manager',
    'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
    {
      stat_prefix: parts.statPrefix,
      // A stream may be silent for as long as the application likes; what is given up on is said by routes.
      stream_idle_timeout: duration(0),
      server_header_transformation: 'PASS_THROUGH',
      proxy_100_continue: true,
      max_request_headers_kb: maxHeadersKiB,
      request_headers_timeout: requestHeadersTimeout,
      common_http_protocol_options: { max_headers_count: maxHeaders, ...idle(vantage) },
      http_protocol_options: downstreamHttp1,
      http2_protocol_options: http2,
      upgrade_configs: upgradeConfigs,
      access_log: [
        requestLog(vantage),
        ...parts.named.logs.map((log) => namedRequestLog(log, vantage)),
        requestStats(seen),
        auditStats(seen),
        ...ruleStats(seen),
        ...(seen.vantage === 'plaintext' ? [openRequestStats(seen)] : []),
        ...(parts.logs ?? []),
      ],
      // Those of the mesh pay nothing for it: nobody waits for them to end.
      ...(vantage === 'plaintext' && {
        access_log_options: { access_log_flush_interval: openCountedEvery },
      }),
      ...traces.fields,
      early_header_mutation_extensions: [...parts.early, ...traces.early],
      ...parts.more,
      http_filters: [...traces.filters, ...parts.filters, traces.router],
    },
  );
}

interface Traces {
  readonly fields: EnvoyMessage;
  /** What the tracer needs to see. */
  readonly early: readonly EnvoyMessage[];
  /** What only it may see is removed at once. */
  readonly filters: readonly EnvoyMessage[];
  readonly router: EnvoyMessage;
}

function tracesOf({ named: { tracing: traced }, seen: { vantage } }: ConnectionManagerParts): Traces {
  if (traced === null) return { fields: {}, early: [], filters: [], router };
  const isB3 = traced.propagation === 'B3';
  const { early, filters } = drawing(traced);
  return {
    fields: tracing(traced, vantage),
    early: [...(isB3 ? [readB3(traced.percentage)] : []), ...early],
    filters,
    router: isB3 ? routerWithB3 : router,
  };
}

/** The application's own connections to its sidecar are its own affair. */
function idle(vantage: Vantage): EnvoyMessage {
  return vantage === 'outbound' ? {} : { idle_timeout: serverIdleTimeout };
}

/**
 * Envoy's own counters for each cluster and code, which it looks up by name at each request, would cost more than half of what ours do, and
 * do not say who called (decision 89).
 */
const common = { suppress_envoy_headers: true, dynamic_stats: { value: false } };
const router = routerOf(common);
const routerWithB3 = routerOf({ ...common, upstream_http_filters: writeB3 });

function routerOf(fields: EnvoyMessage): EnvoyMessage {
  return extension('envoy.filters.http.router', 'envoy.extensions.filters.http.router.v3.Router', fields);
}
