// What a sidecar counts about requests and connections by who called and what was called: an access logger that writes to counters.
// Off unless RTDS says otherwise.
// @see https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/access_loggers/stats/v3/stats.proto
import type { EnvoyMessage } from '../proto/envoy-message.ts';
import { duration } from '../proto/well-known.ts';
import { auditPrefix, effectiveRule, engineResult, rbacMetadata, rbacNamespace } from './rbac-metadata.ts';
import { allOf, atTheEnd, runtimeFilter, whenLogged } from './log-filters.ts';
import { statsKey } from './runtime.ts';
import { extension } from './typed-config.ts';
import {
  askedForEachConnection,
  type Direction,
  directionOf,
  type Seen,
  type SeenInbound,
  type Vantage,
} from './vantage.ts';
import { pack } from '../../values/packed-tags.ts';
import { statsPrefix } from '../../values/sidecar-names.ts';

/**
 * Of each logger. The limits are what callers from ever new addresses can cost at once: four megabytes. Counters that stand still are given up
 * (`stats_eviction_interval` of the bootstrap).
 * (Not a set shared by all loggers, a sharing_name: Envoy 1.40 crashes when it ends with one, seen in `--mode validate`.)
 */
const scope = { prefix: statsPrefix, max_counters: 1_000, max_histograms: 250, enable_eviction: true };

export type Tag = readonly [name: string, format: string];

const sources = {
  mesh: '%DOWNSTREAM_PEER_URI_SAN%',
  plaintext: '%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%',
} as const;

/** The two ends, as far as they are not the sidecar itself. */
export function edges(seen: Seen): readonly Tag[] {
  if (seen.vantage === 'outbound') return [['destination', '%UPSTREAM_CLUSTER_RAW%']];
  return [
    ['source', sources[seen.vantage]],
    ['port', seen.port],
  ];
}

/** Who answered an outbound call. Inbound, the source is as proven. */
function peerOf(vantage: Vantage): readonly Tag[] {
  return vantage === 'outbound' ? [['peer', '%UPSTREAM_PEER_URI_SAN%']] : [];
}

/**
 * Requests, the bytes of their bodies and those of the responses, and how long they took, in milliseconds. Each request pays for it: tags
 * are packed.
 */
export function requestStats(seen: Seen): EnvoyMessage {
  const { vantage } = seen;
  const ends = edges(seen);
  const direction = directionOf(vantage);
  const outcome: readonly Tag[] = [
    ...peerOf(vantage),
    ['route', '%ROUTE_NAME%'],
    ['code', '%RESPONSE_CODE%'],
    ['flags', '%RESPONSE_FLAGS%'],
    ['grpc', '%GRPC_STATUS_NUMBER%'],
  ];
  return {
    filter: allOf(isOn(direction), atTheEnd),
    ...logger({
      counters: [
        counter(`${direction}.requests`, packed([...ends, ...outcome])),
        { stat: stat(`${direction}.request_bytes`, packed(ends)), value_format: '%BYTES_RECEIVED%' },
        { stat: stat(`${direction}.response_bytes`, packed(ends)), value_format: '%BYTES_SENT%' },
      ],
      histograms: [
        {
          stat: stat(`${direction}.duration`, packed(ends)),
          unit: 'Milliseconds',
          value_format: '%DURATION%',
        },
      ],
    }),
  };
}

/** Calls to hosts outside the mesh, by the name that they say; the route says how it is known, and what became of the call. */
export function hostStats(protocol: 'TLS' | 'HTTP'): EnvoyMessage {
  const said: readonly Tag[] =
    protocol === 'TLS'
      ? [
          ['destination', '%REQUESTED_SERVER_NAME%'],
          ['route', 'TLS %UPSTREAM_CLUSTER_RAW%'],
        ]
      : [
          ['destination', '%REQUEST_HEADER(:AUTHORITY)%'],
          ['route', 'HTTP %ROUTE_NAME%'],
        ];
  return logger({ counters: [counter('outbound.hosts', [...said, ['port', askedForEachConnection]])] });
}

/** TCP connections, and the bytes of both ways. */
export function connectionStats(seen: Seen): EnvoyMessage {
  const { vantage } = seen;
  const direction = directionOf(vantage);
  const tags = edges(seen);
  return {
    filter: allOf(isOn(direction), atTheEnd),
    ...logger({
      counters: [
        counter(`${direction}.connections`, [...tags, ...peerOf(vantage), ['flags', '%RESPONSE_FLAGS%']]),
        { stat: stat(`${direction}.received_bytes`, tags), value_format: '%BYTES_RECEIVED%' },
        { stat: stat(`${direction}.sent_bytes`, tags), value_format: '%BYTES_SENT%' },
      ],
    }),
  };
}

/** More often than sidecars report, so that each report tells of all that is open. */
export const openCountedEvery = duration(5_000);

/**
 * Connections that are open: whoever keeps one open for days would be seen on the day when it ends. Those of callers without an identity also
 * when they begin; of others, it is not known before the handshake who they are.
 */
export function openConnectionStats(seen: SeenInbound): EnvoyMessage {
  return {
    filter: allOf(isOn('inbound'), whenLogged('TcpUpstreamConnected', 'TcpPeriodic')),
    ...logger({ counters: [counter('inbound.open_connections', edges(seen))] }),
  };
}

/** Requests of callers without an identity that take longer, such as WebSockets. */
export function openRequestStats(seen: SeenInbound): EnvoyMessage {
  return {
    filter: allOf(isOn('inbound'), whenLogged('DownstreamPeriodic')),
    ...logger({
      counters: [counter('inbound.open_requests', [...edges(seen), ['route', '%ROUTE_NAME%']])],
    }),
  };
}

/** Connections that no filter chain took, such as those in plaintext to a TCP port whose mode is Strict: only the listener sees them. */
export const refusedConnectionStats: EnvoyMessage = {
  filter: allOf({ response_flag_filter: { flags: ['NR'] } }, isOn('inbound')),
  ...logger({
    counters: [
      counter('inbound.refused_connections', edges({ vantage: 'plaintext', port: askedForEachConnection })),
    ],
  }),
};

/** Requests that rules on trial would have refused. There are none without such rules: it needs no switch of its own. */
export function auditStats(seen: Seen): EnvoyMessage {
  const wouldRefuse = Object.values(auditPrefix).map((prefix) => ({
    metadata_filter: {
      matcher: {
        filter: rbacNamespace,
        path: [{ key: prefix + engineResult.shadow }],
        value: { string_match: { exact: 'denied' } },
      },
      match_if_key_not_found: false,
    },
  }));
  // Missing if no Allow rule matched.
  const rule = rbacMetadata(auditPrefix.DENY + effectiveRule.shadow);
  const tags: readonly Tag[] = [...edges(seen), ['route', '%ROUTE_NAME%'], ['rule', rule]];
  return {
    filter: allOf({ or_filter: { filters: wouldRefuse } }, atTheEnd),
    ...logger({ counters: [counter(`${directionOf(seen.vantage)}.audit_refusals`, tags)] }),
  };
}

/** Reported as one tag. */
function packed(tags: readonly Tag[]): readonly Tag[] {
  return [[pack(tags.map(([name]) => name)), pack(tags.map(([, format]) => format))]];
}

function isOn(direction: Direction): EnvoyMessage {
  return runtimeFilter(statsKey(direction));
}

export function counter(name: string, tags: readonly Tag[]): EnvoyMessage {
  return { stat: stat(name, tags), value_fixed: 1 };
}

function stat(name: string, tags: readonly Tag[]): EnvoyMessage {
  return { name, tags: tags.map(([tag, format]) => ({ name: tag, value_format: format })) };
}

export function logger(stats: EnvoyMessage, most = scope.max_counters): EnvoyMessage {
  return extension('envoy.access_loggers.stats', 'envoy.extensions.access_loggers.stats.v3.Config', {
    stats_scope: { ...scope, max_counters: most },
    ...stats,
  });
}
