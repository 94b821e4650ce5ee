// What is tried again at a service port, and whose word that is.
import type { Origin } from '../../../ir/origin.ts';
import type { RetryIr, RetryOn } from '../../../ir/route.ts';
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
  readonly routing: {
    readonly value: RoutingClaim;
    readonly origin: Origin;
    readonly consumer: string | null;
  } | null;
  readonly settings: Settings<PortSettings>;
}

/**
 * Who has requests tried again that the application may have seen: whatever it costs it, it may have to do twice. Empty: there are none.
 * Of all routes, whoever of these callers calls at present: they reach the endpoints alike.
 */
export function repeaters({ routing, settings }: Retrying): readonly Origin[] {
  const own = routing === null ? [] : routing.value.routes.filter(leadsToItsOwn);
  return [...own, null].flatMap((route) => repeatersOf(route, { routing, settings }));
}

/** Who repeats requests of callers to a service port by routes of other ports. */
export interface Repeater {
  /** The namespace of the callers; null: all but those of consumers. */
  readonly callers: string | null;
  readonly origin: Origin;
}

type Ports = ReadonlyMap<
  string,
  Retrying & { readonly consumers: readonly (Retrying & { readonly namespace: string })[] }
>;

/** By the key of the service port that the routes lead to. Each origin is the same object as long as the policies are. */
export function repeatersByTarget(
  byPort: Ports,
  referable: Referable,
): ReadonlyMap<string, readonly Repeater[]> {
  const byTarget = new Map<string, Repeater[]>();
  const note = (port: string, callers: Repeater['callers'], at: Retrying): void => {
    for (const [target, origin] of ledElsewhere(at, referable))
      if (target !== port) append(byTarget, target, { callers, origin });
  };
  for (const [port, at] of byPort) {
    note(port, null, at);
    for (const theirs of at.consumers) note(port, theirs.namespace, theirs);
  }
  return byTarget;
}

function ledElsewhere(at: Retrying, referable: Referable): readonly (readonly [target: string, Origin])[] {
  const { routing } = at;
  if (routing === null || namedReferences(routing.value.routes).length === 0) return [];
  return routing.value.routes.flatMap((route) =>
    targetsOf(route, routing, referable).flatMap((target) =>
      repeatersOf(route, at).map((origin) => [target, origin] as const),
    ),
  );
}

/** Of those that the route names. */
function targetsOf(
  { backends }: RouteClaim,
  { value, consumer }: NonNullable<Retrying['routing']>,
  referable: Referable,
): readonly string[] {
  return backends.flatMap((backend) => {
    if (backend.service === null || backend.weight === 0) return [];
    const found = resolveReference(backend, { own: '', routing: value, consumer }, referable);
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
