// Listeners that the machine refused, not Envoy: their port was taken. The same content is tried again, since the port may be
// free by now. Only that listener is sent; nothing that was accepted is touched. Pure.
import { typeUrl as url } from '../../envoy/proto/type-urls.ts';
import type { Effect } from './events.ts';
import { clientHas, type Quarantined, type Session, type TypeState, withType } from './state.ts';

/** The first retry comes after a second, each later one after twice as long as the one before, up to 30 seconds. */
const firstRetryMs = 1000;
const maxRetryMs = 30_000;

/** Envoy's words when it cannot bind: `cannot bind '10.0.0.1:80': Address already in use`. */
const failedBind = /cannot bind|address already in use/i;

export function retryBinds(session: Session, nowMs: number, effects: Effect[]): Session {
  const state = session.types.get(url.listener);
  if (state === undefined || state.quarantine.size === 0) return session;
  const quarantine = new Map<string, Quarantined>();
  let isChanged = false;
  for (const [name, refused] of state.quarantine) {
    const next = isBound(state, name, refused) ? null : scheduled(refused, nowMs, effects);
    if (next !== refused) isChanged = true;
    if (next !== null) quarantine.set(name, next);
  }
  return isChanged ? withType(session, url.listener, { ...state, quarantine }) : session;
}

function isBound(state: TypeState, name: string, refused: Quarantined): boolean {
  const { certain, version } = clientHas(state, name);
  return refused.isRetried && certain && version === refused.version;
}

function scheduled(refused: Quarantined, nowMs: number, effects: Effect[]): Quarantined {
  if (refused.isRetried || !failedBind.test(refused.message)) return refused;
  if (refused.retryAtMs !== null)
    return nowMs < refused.retryAtMs ? refused : { ...refused, isRetried: true };
  const retryAtMs = nowMs + Math.min(firstRetryMs * 2 ** (refused.refusals - 1), maxRetryMs);
  effects.push({ type: 'wake', atMs: retryAtMs });
  return { ...refused, retryAtMs };
}
