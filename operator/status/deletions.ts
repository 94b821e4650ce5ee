// Whether proxies still run something of objects that were deleted: a condition of the Mesh. Pure.
import { originKey, type Origin } from '../ir/origin.ts';
import { type ConditionDraft, conditionType, type Reason, reason } from '../conditions/conditions.ts';
import type { AckIndex } from './ack-index.ts';
import { type SpecifiedOf, toFix } from './blame.ts';
import type { Lag } from './lag.ts';
import { nameOf, overdue as overdueWords, refusedInstead } from './programmed-messages.ts';
import { isSuspect, objectName } from './suspects.ts';

const mostNamed = 5;

/** `objects`: all there are. */
export function deletionsOf(
  objects: readonly Origin[],
  acks: AckIndex,
  specifiedOf: SpecifiedOf,
): ConditionDraft {
  const present = new Set(objects.map(originKey));
  const deleted = [...acks.leftovers()].flatMap(([key, lag]) => {
    const origin = present.has(key) ? undefined : originIn(key, lag);
    return origin !== undefined && isSuspect(origin) ? [{ origin, lag }] : [];
  });
  if (deleted.length > 0) {
    const isKept = deleted.some(({ lag }) => refusedInstead(lag) !== undefined);
    return condition('False', isKept ? reason.rejected : reason.pending, stillInForce(deleted, specifiedOf));
  }
  // Who is out of reach may run it.
  const { within, overdue } = acks.unknown();
  if (within.length > 0)
    return condition('Unknown', reason.pending, unknownYet(within.map(({ workload }) => workload)));
  const message =
    overdue.length === 0
      ? 'No proxy runs a deleted object.'
      : `No connected proxy runs a deleted object. ${overdueWords(overdue.slice(0, mostNamed), overdue.length, 'one')}`;
  return condition('True', reason.deletionsProgrammed, message);
}

interface Deleted {
  readonly origin: Origin;
  readonly lag: Lag;
}

function condition(status: ConditionDraft['status'], why: Reason, message: string): ConditionDraft {
  return { type: conditionType.deletionsProgrammed, status, reason: why, message };
}

function originIn(key: string, { former }: Lag): Origin | undefined {
  const resources = [...former.values()].map(({ resource }) => resource);
  return resources.flatMap(({ origins }) => origins ?? []).find((origin) => originKey(origin) === key);
}

function stillInForce(deleted: readonly Deleted[], specifiedOf: SpecifiedOf): string {
  const sentences = deleted
    .toSorted((a, b) => (originKey(a.origin) < originKey(b.origin) ? -1 : 1))
    .slice(0, mostNamed)
    .map((it) => stillRuns(it, specifiedOf));
  const more = deleted.length - sentences.length;
  return [
    ...sentences,
    ...(more > 0
      ? [
          `${more} more deleted ${more === 1 ? 'object' : 'objects'} still ${more === 1 ? 'runs' : 'run'} on proxies.`,
        ]
      : []),
  ].join(' ');
}

function stillRuns({ origin, lag }: Deleted, specifiedOf: SpecifiedOf): string {
  const { formerProxies, laggards, awayNamed } = lag;
  const fact = `${objectName(origin)} was deleted and still runs on ${formerProxies.size} ${formerProxies.size === 1 ? 'proxy' : 'proxies'}`;
  const refused = refusedInstead(lag);
  const names = [...laggards, ...awayNamed].map(({ workload }) => workload);
  if (refused === undefined) return `${fact}: ${names.slice(0, mostNamed).join(', ')}.`;
  return `${fact}, which rejected ${nameOf(refused)}. Fix ${toFix(refused, null, specifiedOf)}.`;
}

function unknownYet(workloads: readonly string[]): string {
  const more = workloads.length - mostNamed;
  const others = more > 0 ? ` and ${more} more` : '';
  return `${workloads.slice(0, mostNamed).join(', ')}${others} may still run deleted objects: ${workloads.length === 1 ? 'it is' : 'they are'} disconnected or not up to date. Wait; if this lasts, check that ${workloads.length === 1 ? 'its sidecar runs and can' : 'their sidecars run and can'} reach the control plane.`;
}
