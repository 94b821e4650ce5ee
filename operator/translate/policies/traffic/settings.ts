// Settings that may come from several objects, and are merged one by one. To add one of routes: a line in RouteSettings,
// its default, and where it is read from what users write; then RouteIr, and resolve.ts, which reads it. Those of endpoints: destination/.
import { durationMs } from '../../../../api/duration.ts';
import type { TrafficPolicy } from '../../../../api/v1alpha1/traffic/policy.ts';
import type { BackoffIr, RetryGrpcCode, RetryOn } from '../../../ir/route.ts';
import { byText } from '../../../values/compare-text.ts';
import { type Settings, written } from '../setting.ts';
import {
  defaultDestination,
  type DestinationSettings,
  destinationSettingsOf,
} from './destination/destination.ts';
import { milliseconds } from './destination/group.ts';

/** By the field that users write. */
export interface RouteSettings {
  /** In milliseconds; 0: no limit. */
  readonly 'timeout.request': number;
  /** In milliseconds; 0: no limit. */
  readonly 'timeout.idle': number;
  /** In milliseconds; 0: no limit. */
  readonly 'timeout.stream': number;
  /** After the first try; 0: none. */
  readonly 'retry.attempts': number;
  /** In milliseconds; 0: the route's timeout. */
  readonly 'retry.perTryTimeout': number;
  readonly 'retry.hedge': boolean;
  /** Sorted. */
  readonly 'retry.retryOn': readonly RetryOn[];
  /** Sorted. */
  readonly 'retry.statusCodes': readonly number[];
  /** Sorted. */
  readonly 'retry.grpcCodes': readonly RetryGrpcCode[];
  /** null: the standard. */
  readonly 'retry.backoff': BackoffIr | null;
}

/** All that is decided for a service port. */
export interface PortSettings extends RouteSettings, DestinationSettings {}

/** Only what never reached the application is tried again, so that any method may be. */
export const defaultSettings: Settings<PortSettings> = {
  'timeout.request': { value: 0, origin: null },
  'timeout.idle': { value: 0, origin: null },
  'timeout.stream': { value: 0, origin: null },
  'retry.attempts': { value: 2, origin: null },
  'retry.perTryTimeout': { value: 0, origin: null },
  'retry.hedge': { value: false, origin: null },
  'retry.retryOn': { value: ['ConnectFailure', 'RefusedStream'], origin: null },
  'retry.statusCodes': { value: [], origin: null },
  'retry.grpcCodes': { value: [], origin: null },
  'retry.backoff': { value: null, origin: null },
  ...defaultDestination,
};

export function isSetting(slot: string): slot is keyof PortSettings {
  return Object.hasOwn(defaultSettings, slot);
}

/** Of a policy, or the defaults of the Mesh. */
type SettingsSpec = Omit<
  TrafficPolicy['spec'],
  'targetRefs' | 'limits' | 'quotas' | 'callerIdentity' | 'subsets' | 'routes' | 'tcpRoutes' | 'tlsRoutes'
>;

/** Those that are written for all routes and endpoints. */
export function portSettingsOf(spec: SettingsSpec): Readonly<Partial<PortSettings>> {
  return { ...routeSettingsOf(spec), ...destinationSettingsOf(spec) };
}

/** A policy's spec or a route. */
type Timing = Pick<TrafficPolicy['spec']['routes'][number], 'timeout' | 'retry'>;
type Backoff = NonNullable<NonNullable<Timing['retry']>['backoff']>;

/** Those that are written there. */
export function routeSettingsOf({ timeout, retry }: Timing): Readonly<Partial<RouteSettings>> {
  const { attempts, perTryTimeout, hedge, retryOn, statusCodes, grpcCodes, backoff } = retry ?? {};
  return written({
    'timeout.request': milliseconds(timeout?.request),
    'timeout.idle': milliseconds(timeout?.idle),
    'timeout.stream': milliseconds(timeout?.stream),
    'retry.attempts': attempts,
    'retry.perTryTimeout': milliseconds(perTryTimeout),
    'retry.hedge': hedge,
    'retry.retryOn': retryOn && sortedOnce(retryOn),
    'retry.statusCodes': statusCodes?.toSorted((a, b) => a - b),
    'retry.grpcCodes': grpcCodes && sortedOnce(grpcCodes),
    'retry.backoff': backoff && backoffOf(backoff),
  });
}

function backoffOf({ base, max, honorRetryAfter }: Backoff): BackoffIr {
  const baseMs = durationMs(base);
  return { baseMs, maxMs: max === undefined ? 10 * baseMs : durationMs(max), honorRetryAfter };
}

function sortedOnce<T extends string>(conditions: readonly T[]): readonly T[] {
  return [...new Set(conditions)].toSorted(byText((condition) => condition));
}
