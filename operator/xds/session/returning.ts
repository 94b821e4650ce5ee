// A client that comes back says type by type what it kept from an earlier stream. Until it has, nobody knows what it runs.
import { typeUrl as url, type TypeUrl } from '../../envoy/proto/type-urls.ts';
import type { Effect, RequestEvent } from './events.ts';
import type { Session } from './state.ts';
import { isListedWhole } from './whole-type.ts';

/** For the name of a resource: it stands for all that a client may have of a type. */
export const anyName = '*';

/**
 * Envoy writes the first requests of all types that it follows in one go. A type that it has not asked for after so long
 * it has nothing of.
 */
const saysAllMs = 1_000;

/** Notes when a client first says that it has something from an earlier stream. State of the world has no words for that. */
export function noteReturn(session: Session, event: RequestEvent, effects: Effect[]): Session {
  const isFirst = session.returnedAtMs === null && !session.types.has(event.request.typeUrl);
  if (!isFirst || !isBack(event)) return session;
  effects.push({ type: 'wake', atMs: event.nowMs + saysAllMs });
  return { ...session, returnedAtMs: event.nowMs };
}

function isBack(event: RequestEvent): boolean {
  return event.type === 'delta' && !event.request.initialVersions.isEmpty;
}

export function forgetReturn(session: Session, nowMs: number): Session {
  const { returnedAtMs } = session;
  // The same sum as that of the wake: the difference of the two, in floating point, may be less than the second.
  const isOver = returnedAtMs !== null && nowMs >= returnedAtMs + saysAllMs;
  return isOver ? { ...session, returnedAtMs: null } : session;
}

/** Whether the client may have something of the type from an earlier stream that it has yet to tell. */
export function isUnsaid(session: Session, type: TypeUrl): boolean {
  if (!remainingTypes.has(type)) return false;
  const state = session.types.get(type);
  // State of the world says nothing of a client: what it has is known once it has accepted a whole list.
  if (session.variant === 'sotw') return isListedWhole(type) && state?.accepted === false;
  return state === undefined && (session.returnedAtMs !== null || session.early.some(isBack));
}

/** Nothing more is to be learned of earlier streams: it has begun anew, or has had the time to say what it kept. */
export function hasSaidAll({ types, returnedAtMs, early }: Session): boolean {
  return types.size > 0 && returnedAtMs === null && early.length === 0;
}

/** What a client has of these it keeps until it is told otherwise; other types go with them. */
const remainingTypes: ReadonlySet<TypeUrl> = new Set([
  url.cluster,
  url.listener,
  url.route,
  url.virtualHost,
  url.extensionConfig,
]);
