// What a client may have of a resource after it refused the response that it came in. Envoy applies the good resources of a
// rejected LDS or CDS response, an unordered part of an RDS or EDS one, nothing of a VHDS one. Pure.
import { typeUrl as url, type TypeUrl } from '../../envoy/proto/type-urls.ts';
import type { Entry } from '../snapshot/types.ts';
import { hasNothing, type ClientHas } from './state.ts';

export interface Refused {
  readonly type: TypeUrl;
  /** null: the response took the resource away. */
  readonly sent: Entry | null;
  /** It is known to be why the response was refused. */
  readonly isCulprit: boolean;
  /** Nothing else was in the response. */
  readonly isAlone: boolean;
  /** Nobody knows what the client kept from an earlier stream. */
  readonly mayHaveEarlier: boolean;
}

export function appliesTheGoodOnes(type: TypeUrl): boolean {
  return type === url.listener || type === url.cluster;
}

/** `before`: what it had, as far as we know. */
export function afterRefusal(before: ClientHas, refused: Refused): ClientHas {
  const after = judged(before, refused);
  return refused.mayHaveEarlier ? { ...after, certain: false, orElse: withUnknown(after.orElse) } : after;
}

function judged(before: ClientHas, { type, sent, isCulprit, isAlone }: Refused): ClientHas {
  // Removed most likely, with the good ones: nothing may be built on it.
  if (sent === null && appliesTheGoodOnes(type)) return mostLikelyRemoved(before);
  // It acknowledged this before, and dropped it, since it did not have the route configuration.
  if (type === url.virtualHost && isCulprit && before.version === sent?.version)
    return { ...hasNothing, certain: false };
  // A lone resource was not applied: the client still has what it had, as surely as we knew that.
  if (isAlone && !keptThoughRefused.has(type)) return before;
  return isInForceAsBefore(type, isAlone) ? { ...before, certain: false } : orSent(before, sent);
}

/**
 * Of these Envoy keeps something of what it refused, which the last good version, sent again, puts right. A secret is stored
 * before Envoy finds that nobody can use it; the endpoints of a cluster that warms anew are gone when the new ones are refused.
 * The configuration of a filter stays behind the one in force: listeners that come later would start with it, and be refused,
 * and the same content sent again would be acknowledged without having any effect. Runtime values are kept beside those in force.
 */
const keptThoughRefused: ReadonlySet<TypeUrl> = new Set([
  url.secret,
  url.endpoint,
  url.extensionConfig,
  url.runtime,
]);

function isInForceAsBefore(type: TypeUrl, isAlone: boolean): boolean {
  return type === url.virtualHost || (isAlone && (type === url.extensionConfig || type === url.runtime));
}

/** It holds on to a filter's configuration that it refused: sent again, that would be acknowledged, and not be in force. */
export function wouldAckUnread(type: TypeUrl, { certain }: ClientHas): boolean {
  return type === url.extensionConfig && !certain;
}

/** A client that goes on refusing, never the same, may have any of these: the oldest become something unknown. */
const mostRemembered = 8;

function orSent(before: ClientHas, sent: Entry | null): ClientHas {
  const { orElse = [] } = before;
  if (sent === null || orElse.some((it) => it?.version === sent.version))
    return { ...before, certain: false };
  const all = [...orElse, sent];
  return { ...before, certain: false, orElse: all.length > mostRemembered ? withUnknown(all.slice(2)) : all };
}

function mostLikelyRemoved({ version, entry, orElse = [] }: ClientHas): ClientHas {
  return { ...hasNothing, certain: false, orElse: version === null ? orElse : [...orElse, entry] };
}

function withUnknown(orElse: ClientHas['orElse'] = []): readonly (Entry | null)[] {
  return orElse.includes(null) ? orElse : [null, ...orElse];
}
