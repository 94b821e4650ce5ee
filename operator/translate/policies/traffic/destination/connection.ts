// connection: each field is a setting of its own; those of tcpKeepalive are one.
import { durationMs } from '../../../../../api/duration.ts';
import type { ConnectionIr } from '../../../../ir/destination.ts';
import { written } from '../../setting.ts';
import { milliseconds, type SettingGroup, type Written } from './group.ts';

/** 0: no limit. */
export interface ConnectionSettings {
  /** In milliseconds. */
  readonly 'connection.connectTimeout': number;
  readonly 'connection.tcpKeepalive': ConnectionIr['tcpKeepalive'];
  readonly 'connection.maxRequests': number;
  /** In milliseconds. */
  readonly 'connection.maxAge': number;
  /** In milliseconds. */
  readonly 'connection.idleTimeout': number;
  readonly 'connection.http2.maxConcurrentStreams': number;
}

const unlimited = { value: 0, origin: null };

export const connection: SettingGroup<ConnectionSettings, ConnectionIr> = {
  defaults: {
    'connection.connectTimeout': { value: 5_000, origin: null },
    // Invisible to applications. A vanished peer is detected after seven minutes, and middleboxes do not drop the connection.
    'connection.tcpKeepalive': { value: { timeMs: 300_000, intervalMs: 30_000, probes: 4 }, origin: null },
    'connection.maxRequests': unlimited,
    'connection.maxAge': unlimited,
    'connection.idleTimeout': { value: 600_000, origin: null },
    'connection.http2.maxConcurrentStreams': unlimited,
  },
  written: ({ connection: fields }) =>
    written({
      'connection.connectTimeout': milliseconds(fields?.connectTimeout),
      'connection.tcpKeepalive': fields?.tcpKeepalive && keepaliveOf(fields.tcpKeepalive),
      'connection.maxRequests': fields?.maxRequests,
      'connection.maxAge': milliseconds(fields?.maxAge),
      'connection.idleTimeout': milliseconds(fields?.idleTimeout),
      'connection.http2.maxConcurrentStreams': fields?.http2?.maxConcurrentStreams,
    }),
  worksOnTcp: (slot) => slot === 'connection.connectTimeout' || slot === 'connection.tcpKeepalive',
  resolve: (settings) => ({
    connectTimeoutMs: settings.read('connection.connectTimeout'),
    tcpKeepalive: settings.read('connection.tcpKeepalive'),
    maxRequests: settings.read('connection.maxRequests'),
    maxAgeMs: settings.read('connection.maxAge'),
    idleTimeoutMs: settings.read('connection.idleTimeout'),
    maxConcurrentStreams: settings.read('connection.http2.maxConcurrentStreams'),
  }),
};

type Keepalive = NonNullable<NonNullable<Written['connection']>['tcpKeepalive']>;

function keepaliveOf({ time, interval, probes }: Keepalive): ConnectionIr['tcpKeepalive'] {
  return { timeMs: durationMs(time), intervalMs: durationMs(interval), probes };
}
