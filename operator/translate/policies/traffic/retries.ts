// What is tried again at a service port, and whose word that is.
import type { Origin } from '../../../ir/origin.ts';
import type { RetryIr, RetryOn } from '../../../ir/service.ts';
import { readSettings, type Settings, type SettingsReader } from '../setting.ts';
import type { RoutingClaim } from './claims.ts';
import type { PortSettings } from './settings.ts';

export function resolveRetry(
  settings: SettingsReader<PortSettings>,
  { locality }: Settings<PortSettings>,
): RetryIr {
  const attempts = settings.read('retry.attempts');
  if (attempts === 0)
    return {
      attempts,
      perTryTimeoutMs: 0,
      hedge: false,
      on: [],
      statusCodes: [],
      grpcCodes: [],
      otherZone: false,
      backoff: null,
    };
  const perTryTimeoutMs = settings.read('retry.perTryTimeout');
  return {
    attempts,
    perTryTimeoutMs,
    hedge: perTryTimeoutMs > 0 && settings.read('retry.hedge'),
    on: settings.read('retry.retryOn'),
    statusCodes: settings.read('retry.statusCodes'),
    grpcCodes: settings.read('retry.grpcCodes'),
    // Whoever chose that zones share the requests is no origin of routes.
    otherZone: locality.value?.type === 'Failover' && settings.read('locality')?.type === 'Failover',
    backoff: settings.read('retry.backoff'),
  };
}

/** What is in effect at a service port. */
interface Retrying {
  readonly routing: { readonly value: RoutingClaim; readonly origin: Origin } | null;
  readonly settings: Settings<PortSettings>;
}

/**
 * Who has requests tried again that the application may have seen: whatever it costs it, it may have to do twice. Empty: there are none.
 * Of all routes, whoever calls at present: endpoints are the same for all callers.
 */
export function repeaters({ routing, settings }: Retrying): readonly Origin[] {
  const own = routing?.value.routes.map((route) => ({ values: route.settings, origin: routing.origin }));
  return [...(own ?? []), null].flatMap((values) => {
    const reader = readSettings<PortSettings>(values, settings);
    if (!repeats(resolveRetry(reader, settings))) return [];
    return Object.entries(reader.setBy()).flatMap(([slot, origin]) =>
      slot.startsWith('retry.') ? origin : [],
    );
  });
}

const neverSeen: readonly RetryOn[] = ['ConnectFailure', 'RefusedStream'];

function repeats({ on, statusCodes, grpcCodes, hedge }: RetryIr): boolean {
  return (
    hedge || on.some((one) => !neverSeen.includes(one)) || statusCodes.length > 0 || grpcCodes.length > 0
  );
}
