// Programmed: whether the proxies obey an object, from how they stand to it; and the sentences that say so. Pure.
import { originKey, type Origin } from '../ir/origin.ts';
import type { InvalidResource, Snapshot } from '../xds/snapshot/types.ts';
import { type ConditionDraft, conditionType, type Reason, reason } from '../conditions/conditions.ts';
import { type Reference, referencesIn } from './references.ts';
import type { Rejection, AckState, AckIndex } from './ack-index.ts';

export interface Programmed {
  readonly condition: ConditionDraft;
  /** Connected proxies that acknowledged what was made from this generation, of those the object concerns. */
  readonly programmed: number;
  readonly total: number;
}

/** What is published, and how the proxies stand to it; null until the first publication. */
export type Published = { readonly snapshot: Snapshot; readonly acks: AckIndex } | null;

/** `accepted`: what translation says of this generation. */
export function programmedOf(origin: Origin, accepted: boolean, published: Published): Programmed {
  if (published === null) {
    return accepted
      ? no(0, reason.pending, nothingPublished)
      : no(0, reason.notAccepted, notAccepted(origin, undefined, 0));
  }
  const { snapshot, acks } = published;
  const references = referencesIn(snapshot);
  const reference = references.objects.get(originKey(origin));
  const state = acks.of(origin);
  const { total } = state;

  if (!accepted) return no(total, reason.notAccepted, notAccepted(origin, reference, total));
  const invalid = references.invalid.get(originKey(origin))?.[0];
  if (invalid !== undefined) return no(total, reason.invalidOutput, invalidOutput(origin, invalid, snapshot));
  if (total === 0) return no(total, reason.noProxies, noProxies(origin));
  if (!isMadeFrom(reference, origin)) {
    return no(total, reason.pending, `Generation ${origin.generation} is not published yet: wait.`);
  }
  return acknowledged(origin, state);
}

const nothingPublished =
  'Nothing is published yet. If no Mesh is accepted, apply one: it puts all policies in force.';

function isMadeFrom(reference: Reference | undefined, { generation }: Origin): boolean {
  return reference?.oldest === generation && reference.newest === generation;
}

/** For what is published and checked: only the proxies' answers count. */
function acknowledged(origin: Origin, state: AckState): Programmed {
  const { total, rejection, lagging, laggards } = state;
  const programmed = total - lagging;
  const have = total === 1 ? 'proxy has' : 'proxies have';
  const progress = `${programmed} of ${total} ${have} acknowledged generation ${origin.generation}`;
  if (rejection !== undefined) {
    return { ...no(total, reason.rejected, rejected(origin, state, rejection)), programmed };
  }
  if (lagging > 0) {
    const others = lagging - laggards.length;
    const waiting = `${laggards.join(', ')}${others > 0 ? ` and ${others} more` : ''}`;
    return { ...no(total, reason.pending, `${progress}; waiting for ${waiting}.`), programmed };
  }
  const condition = {
    type: conditionType.programmed,
    status: 'True',
    reason: reason.programmed,
    message: `${progress}.`,
  } as const;
  return { condition, programmed, total };
}

function no(total: number, why: Reason, message: string): Programmed {
  return {
    condition: { type: conditionType.programmed, status: 'False', reason: why, message },
    programmed: 0,
    total,
  };
}

function notAccepted({ generation }: Origin, reference: Reference | undefined, total: number): string {
  if (reference === undefined)
    return 'No proxy is told of it while it is not accepted: do what the Accepted condition says.';
  const where = `in force on ${total} connected ${total === 1 ? 'proxy' : 'proxies'}`;
  return reference.newest === generation
    ? `What is valid of generation ${generation} is ${where}. For the rest, do what the Accepted condition says.`
    : `Generation ${generation} is not accepted; generation ${reference.newest} stays ${where}. Do what the Accepted condition says.`;
}

function noProxies(origin: Origin): string {
  return origin.kind === 'ExternalWorkload'
    ? 'No proxy that it concerns is connected. Start its sidecar, or the sidecars of its callers, and look at their logs if they are running.'
    : 'No proxy that it concerns is connected. Check that the workloads it is about have sidecars and that these reach the control plane.';
}

function invalidOutput(origin: Origin, invalid: InvalidResource, snapshot: Snapshot): string {
  const lastGood = snapshot.layers.get(invalid.layer)?.get(invalid.typeUrl)?.entries.has(invalid.name);
  const instead =
    lastGood === true
      ? 'its last good version stays in force'
      : 'it has no earlier version that could stay in force';
  return sentence(
    `Our own check refused ${nameOf(invalid)} before any proxy saw it; ${instead}. Correct ${suspects(origin, invalid.origins)}. The check says: ${invalid.message}`,
  );
}

function rejected(origin: Origin, { total, rejecting }: AckState, { workload, resource }: Rejection): string {
  const who = `${rejecting} of ${total} ${total === 1 ? 'proxy' : 'proxies'} refused what generation ${origin.generation} asks for`;
  // Envoy's words come last: they may be long, and a message that is cut keeps the advice.
  return sentence(
    `${who}; a last good version, if there is one, stays in force there. Correct ${suspects(origin, resource.origins)}. Proxy ${workload} says of ${nameOf(resource)}: ${resource.message}`,
  );
}

/** Not the Mesh: it shapes nearly everything, and would be a suspect each time. */
const suspectKinds: ReadonlySet<string> = new Set(['TrafficPolicy', 'SecurityPolicy', 'ExternalWorkload']);

/** The objects of which one is to blame: this one, and others of ours that shaped the same resource. */
function suspects(origin: Origin, origins: readonly Origin[]): string {
  const others = origins.filter(
    (other) => suspectKinds.has(other.kind) && originKey(other) !== originKey(origin),
  );
  if (others.length === 0) return 'this object';
  const names = others
    .slice(0, 3)
    .map(({ kind, namespace, name }) => `${kind} ${namespace === '' ? name : `${namespace}/${name}`}`);
  return `this object or ${names.join(' or ')}`;
}

function nameOf({ typeUrl, name }: Pick<InvalidResource, 'typeUrl' | 'name'>): string {
  return `${typeUrl.slice(typeUrl.lastIndexOf('.') + 1)} "${name}"`;
}

function sentence(text: string): string {
  const trimmed = text.trimEnd();
  return /[.!?\u2026]$/.test(trimmed) ? trimmed : `${trimmed}.`;
}
