// The first delta request of a type on a stream: what the client subscribes to, and what it says it has from an earlier
// stream. Pure, but for the memory of fingerprints.
import { typeUrl as url, type TypeUrl } from '../../envoy/proto/type-urls.ts';
import { VersionSum, type InitialVersions } from '../wire/initial-resource-versions.ts';
import type { TypeLayer } from '../snapshot/types.ts';
import type { SubscriptionChange } from './subscription.ts';
import { stackOf, type Stack } from './view.ts';
import { entriesByName, isWhole } from './stack-entries.ts';
import type { DeltaRequest } from './events.ts';
import { resendReturningHosts } from './resend-virtual-hosts.ts';
import { currentState, firstState, resubscribe } from './resubscribe.ts';
import type { Session, TypeState } from './state.ts';

type Versions = ReadonlyMap<string, string>;

/** @throws MessageError when the versions that the client kept are damaged. */
export function firstRequest(session: Session, request: DeltaRequest, change: SubscriptionChange): TypeState {
  const { typeUrl, initialVersions } = request;
  const stack = stackOf(session.view, typeUrl);
  if (!isDoubtful(session, typeUrl) && isAllOf(stack, initialVersions)) {
    const state = currentState(change, stack);
    return isWhole(change.subscription, stack) ? state : resubscribe(state, change, entriesByName(stack));
  }
  const kept = initialVersions.read();
  const state = resubscribe(firstState(change, kept, stack), change, withoutWarming(session, typeUrl, kept));
  return typeUrl === url.virtualHost ? resendReturningHosts(session, state, kept.keys()) : state;
}

/** Clusters that are sent warm anew, and need endpoints; route configurations that are new need virtual hosts. */
const needed: ReadonlyMap<TypeUrl, TypeUrl> = new Map([
  [url.endpoint, url.cluster],
  [url.virtualHost, url.route],
]);

/** What a client comes back with may not be all it needs: what was sent on this stream takes some of it away. */
function isDoubtful({ types }: Session, type: TypeUrl): boolean {
  const need = needed.get(type);
  const sent = need === undefined ? undefined : types.get(need)?.inFlight?.sent;
  return sent !== undefined && sent.size > 0;
}

/** The client has everything, at its present version, and nothing else. */
function isAllOf(stack: Stack, kept: InitialVersions): boolean {
  if (kept.isEmpty || stack.length === 0) return false;
  const sum = new VersionSum();
  for (const layer of stack) sum.addAll(sumOf(layer));
  return sum.fingerprint() === kept.fingerprint;
}

const sums = new WeakMap<TypeLayer, VersionSum>();

function sumOf(layer: TypeLayer): VersionSum {
  const known = sums.get(layer);
  if (known !== undefined) return known;
  const sum = new VersionSum();
  for (const { name, version } of layer.entries.values()) sum.add(name, version);
  sums.set(layer, sum);
  return sum;
}

/**
 * On a new stream, clusters that were just sent again need their endpoints again, even at equal versions: they
 * warm anew.
 */
function withoutWarming(session: Session, type: TypeUrl, kept: Versions): Versions {
  const warming = session.types.get(url.cluster)?.inFlight?.sent;
  if (type !== url.endpoint || warming === undefined || warming.size === 0 || kept.size === 0) return kept;
  return new Map([...kept].filter(([name]) => !warming.has(name)));
}
