// Principals of Envoy's RBAC, put together.
import type { EnvoyMessage } from '../../proto/envoy-message.ts';

export const anybody: EnvoyMessage = { any: true };

export function notId(id: EnvoyMessage): EnvoyMessage {
  return { not_id: id };
}

/** Of no principals: nobody. */
export function anyId(ids: readonly EnvoyMessage[]): EnvoyMessage {
  if (ids.length === 0) return notId(anybody);
  return { or_ids: { ids } };
}

/** Of no principals: anybody. */
export function allIds(ids: readonly EnvoyMessage[]): EnvoyMessage {
  const [only, ...others] = ids;
  if (only === undefined) return anybody;
  return others.length === 0 ? only : { and_ids: { ids } };
}
