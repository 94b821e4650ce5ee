// What is tried again at a service port, and whose word that is.
import type { Origin } from '../../../ir/origin.ts';
import type { RetryIr, RetryOn } from '../../../ir/service.ts';
import { readSettings, type Settings, type SettingsReader } from '../setting.ts';
import { append } from '../../../values/labels.ts';
import type { RouteClaim, RoutingClaim } from './claims.ts';
import { isUnresolved, namedReferences, type Referable, resolveReference } from './references.ts';
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
  const own = routing === null ? [] : routing.value.routes.filter(leadsToItsOwn);
  return [...own, null].flatMap((route) => repeatersOf(route, { routing, settings }));
}

/** Key of a service port → those whose routes for other ports lead there. Each is the same object as long as the policies are. */
export function repeatersByTarget(
  byPort: ReadonlyMap<string, Retrying>,
  referable: Referable,
): ReadonlyMap<string, readonly Origin[]> {
  const byTarget = new Map<string, Origin[]>();
  for (const [key, at] of byPort) {
    const routing = at.routing?.value ?? null;
    if (routing === null || namedReferences(routing.routes).length === 0) continue;
    const led = routing.routes.flatMap((route) =>
      targetsOf(route, routing, referable).flatMap((target) =>
        repeatersOf(route, at).map((origin) => [target, origin] as const),
      ),
    );
    for (const [target, origin] of led) if (target !== key) append(byTarget, target, origin);
  }
  return byTarget;
}

/** Of those that the route names. */
function targetsOf({ backends }: RouteClaim, routing: RoutingClaim, referable: Referable): readonly string[] {
  return backends.flatMap((backend) => {
    if (backend.service === null || backend.weight === 0) return [];
    const found = resolveReference(backend, '', routing, referable);
    return isUnresolved(found) ? [] : [found.service];
  });
}

function leadsToItsOwn({ backends }: RouteClaim): boolean {
  return backends.length === 0 || backends.some(({ service }) => service === null);
}

/** Of a route; null: of requests that no route is for. */
function repeatersOf(route: RouteClaim | null, { routing, settings }: Retrying): readonly Origin[] {
  const values =
    route === null || routing === null ? null : { values: route.settings, origin: routing.origin };
  const reader = readSettings<PortSettings>(values, settings);
  if (!repeats(resolveRetry(reader, settings))) return [];
  return Object.entries(reader.setBy()).flatMap(([slot, origin]) =>
    slot.startsWith('retry.') ? origin : [],
  );
}

const neverSeen: readonly RetryOn[] = ['ConnectFailure', 'RefusedStream'];

function repeats({ on, statusCodes, grpcCodes, hedge }: RetryIr): boolean {
  return (
    hedge || on.some((one) => !neverSeen.includes(one)) || statusCodes.length > 0 || grpcCodes.length > 0
  );
}
