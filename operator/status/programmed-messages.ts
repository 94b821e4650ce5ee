// Messages of the Programmed condition: one function for each sentence. The fact first, then what to do. Pure.
import { originKey, type Origin } from '../ir/origin.ts';
import type { InvalidResource, Snapshot } from '../xds/snapshot/types.ts';
import type { AckState } from './ack-index.ts';
import type { RejectedResource } from '../xds/session/proxy-report.ts';
import { type Laggard, type Leftover, mostNamed, type Rejection } from './lag.ts';
import { graceMs } from './grace.ts';
import { timestamp } from './object-status.ts';
import type { Reference } from './references.ts';
import { type SpecifiedOf, toFix } from './blame.ts';

export const nothingPublished =
  'The operator has published nothing since it started, so the configuration of proxies is unknown. See the Accepted and Ready conditions of the Mesh.';

export function notPublished({ generation }: Origin): string {
  return `Generation ${generation} is not published yet. Wait.`;
}

export function acknowledged(origin: Origin, state: AckState): string {
  const { leftCurrent } = state;
  if (leftCurrent === 0) return `${progress(origin, state)}.${lostToo(state)}`;
  const keep = leftCurrent === 1 ? 'is disconnected and keeps it' : 'are disconnected and keep it';
  return `${progress(origin, state)}; ${leftCurrent} of these ${keep}.${lostToo(state)}`;
}

export function pending(origin: Origin, state: AckState): string {
  const { former, lagging, laggards } = state;
  const still = former.size === 0 ? '' : ` ${runs(state)}.`;
  return `${progress(origin, state)}. Waiting for ${named(laggards, lagging)}; if this lasts, see the logs of ${its(lagging)}.${still}${lostToo(state)}`;
}

export function unreachable(origin: Origin, state: AckState): string {
  const away = state.away + state.lost;
  const awayNamed = [...state.awayNamed, ...state.lostNamed].slice(0, mostNamed);
  const deleted =
    away === 1 ? 'delete the workload if it no longer exists' : 'delete the workloads that no longer exist';
  return `${progress(origin, state)}. Disconnected: ${named(awayNamed, away)}. Check that ${its(away)} ${away === 1 ? 'runs' : 'run'} and can reach the control plane, or ${deleted}.`;
}

export function returning(origin: Origin, state: AckState): string {
  const { lagging, laggards } = state;
  const [have, until] = lagging === 1 ? ['has', 'it is'] : ['have', 'they are'];
  return `${progress(origin, state)}. ${named(laggards, lagging)} ${have} reconnected with configuration of unknown origin. Wait until ${until} up to date.${lostToo(state)}`;
}

export function rejected(
  origin: Origin,
  state: AckState,
  { workload, resource, alike }: Rejection,
  specifiedOf: SpecifiedOf,
): string {
  const who = `Rejected by ${state.rejecting} of ${proxies(state.total)}`;
  // Envoy's words come last: they may be long, and a message that is cut keeps the advice.
  return `${who}. ${inForceInstead(state)} Fix ${toFix(resource, origin, specifiedOf)}. ${workload} rejected ${nameOf(resource)}${andMore(alike)}: ${quoted(resource.message)}`;
}

/** For an object that proxies still run as it was, since they refused what is to come in its place. */
export function keptRunning(state: AckState, specifiedOf: SpecifiedOf): string {
  const refused = refusedInstead(state);
  const fact = stillRuns(state, specifiedOf);
  return refused === undefined ? fact : `${fact} Envoy says: ${quoted(refused.message)}`;
}

/** `Generation 1 still runs on 2 proxies, because Pod/shop/a rejected VirtualHost "x". Fix TrafficPolicy shop/other.` */
export function stillRuns(state: Pick<AckState, 'former'>, specifiedOf: SpecifiedOf): string {
  const leftover = keptLeftover(state);
  if (leftover?.refused === undefined) return `${runs(state)}.`;
  const { workload, refused } = leftover;
  return `${runs(state)}, because ${workload} rejected ${nameOf(refused)}. Fix ${toFix(refused, null, specifiedOf)}.`;
}

function keptLeftover({ former }: Pick<AckState, 'former'>): Leftover | undefined {
  return [...former.values()].find(({ refused }) => refused !== undefined);
}

/** What the first proxy refused that keeps something former for it. */
export function refusedInstead(state: Pick<AckState, 'former'>): RejectedResource | undefined {
  return keptLeftover(state)?.refused;
}

/** `unmeshed`: keys of workloads; at least one. */
export function withoutSidecar(unmeshed: readonly string[]): string {
  const have = unmeshed.length === 1 ? '1 target has' : `${unmeshed.length} targets have`;
  return `${have} no sidecar, so the policy does not apply to ${unmeshed.length === 1 ? 'it' : 'them'}: ${listedUpTo(unmeshed)}.`;
}

export function noProxies({ kind }: Origin): string {
  switch (kind) {
    case 'Mesh':
      return 'No proxy is connected. Start workloads with a sidecar, and check that they can reach the control plane.';
    case 'ExternalWorkload':
      return 'No connected proxy uses this workload. Start its sidecar, or the sidecars of its callers, and see their logs if they are running.';
    default:
      return 'No connected proxy uses this policy. Check that the callers of its target, or the target itself, have sidecars and can reach the control plane.';
  }
}

/** `alike`: how many further resources the check says the same of. */
export function invalidOutput(
  origin: Origin,
  { invalid, alike }: { readonly invalid: InvalidResource; readonly alike: number },
  snapshot: Snapshot,
  specifiedOf: SpecifiedOf,
): string {
  const lastGood = snapshot.layers.get(invalid.layer)?.get(invalid.typeUrl)?.entries.get(invalid.name);
  const ofOthers =
    alike === 0 ? '' : ` It reported the same for ${alike} more ${alike === 1 ? 'resource' : 'resources'}.`;
  return `Validation failed for ${nameOf(invalid)}; it was not sent to any proxy. ${lastValid(origin, lastGood)} Fix ${toFix(invalid, origin, specifiedOf)}. The check reported: ${sentence(invalid.message)}${ofOthers}`;
}

function lastValid(origin: Origin, entry: Pick<InvalidResource, 'origins'> | undefined): string {
  if (entry === undefined) return 'It has no earlier valid version.';
  const made = entry.origins.find((other) => originKey(other) === originKey(origin));
  const from = made === undefined ? '' : `, made from generation ${made.generation} of this object,`;
  return `Its last valid version${from} stays published.`;
}

const seeAccepted = 'See the Accepted condition.';

/** `reference`, `state`: of what is in force instead, if anything is. */
export function notAccepted(
  { generation }: Origin,
  reference: Reference | undefined,
  state: AckState | undefined,
  specifiedOf: SpecifiedOf,
): string {
  if (state === undefined || (reference === undefined && state.former.size === 0))
    return 'Not sent to proxies until it is accepted; see the Accepted condition.';
  if (reference === undefined) return `Not accepted. ${stillRuns(state, specifiedOf)} ${seeAccepted}`;
  const { total, former, rejection } = state;
  const where = `in force on ${obeying(state)} of ${proxies(total)}`;
  const fact =
    reference.newest === generation
      ? `The valid parts of generation ${generation} are ${where}.`
      : `Generation ${generation} is not accepted; generation ${reference.newest} is ${where}.`;
  const others = former.size === 0 ? '' : ` ${runs(state)}.`;
  const why = rejection === undefined ? '' : ` ${rejection.workload} rejected ${nameOf(rejection.resource)}.`;
  return `${fact}${others}${why} ${seeAccepted}`;
}

/** How many proxies obey, of those in `total`. */
export function obeying({ total, lagging, away, lost }: AckState): number {
  return total - lagging - away - lost;
}

function progress({ generation }: Origin, state: AckState): string {
  const { total } = state;
  const have = total === 1 ? 'proxy has' : 'proxies have';
  return `${obeying(state)} of ${total} ${have} acknowledged generation ${generation}`;
}

/** `Generation 1 still runs on 2 proxies` */
function runs({ former }: Pick<AckState, 'former'>): string {
  const sorted = [...former].toSorted(([a], [b]) => a - b);
  const parts = sorted.map(
    ([generation, it]) => `generation ${generation} still runs on ${proxies(it.proxies)}`,
  );
  return capitalised(parts.join(', '));
}

function inForceInstead({ former }: AckState): string {
  return former.size === 0 ? 'No earlier version is in force there.' : `${runs({ former })}.`;
}

function lostToo({ lost, lostNamed }: AckState): string {
  return lost === 0 ? '' : ` ${overdue(lostNamed, lost, 'an earlier version')}`;
}

/** `1 proxy has been disconnected for more than 5 minutes and may run …: Pod/shop/a since 2026-01-01T00:00:00Z.` */
export function overdue(some: readonly Laggard[], all: number, what: string): string {
  const have = all === 1 ? 'has' : 'have';
  return `${proxies(all)} ${have} been disconnected for more than ${graceMs / 60_000} minutes and may run ${what}: ${named(some, all)}.`;
}

/** `a since 2026-01-01T00:00:00Z, b and 3 more`; all: how many there are. */
function named(some: readonly Laggard[], all: number): string {
  const others = all - some.length;
  const names = some.map(({ workload, since }) =>
    since === null ? workload : `${workload} since ${timestamp(since)}`,
  );
  return `${names.join(', ')}${others > 0 ? ` and ${others} more` : ''}`;
}

/** The first few of them, and how many more. */
export function listedUpTo(all: readonly string[]): string {
  return named(
    all.slice(0, mostNamed).map((workload) => ({ workload, since: null })),
    all.length,
  );
}

function its(proxyCount: number): string {
  return proxyCount === 1 ? 'its sidecar' : 'their sidecars';
}

function proxies(total: number): string {
  return `${total} ${total === 1 ? 'proxy' : 'proxies'}`;
}

/** `VirtualHost "shop/reviews/80"` */
export function nameOf({ typeUrl, name }: Pick<InvalidResource, 'typeUrl' | 'name'>): string {
  return `${typeUrl.slice(typeUrl.lastIndexOf('.') + 1)} "${name}"`;
}

/** Others of which the same is to be said. */
function andMore(count: number): string {
  return count === 0 ? '' : ` and ${count} more`;
}

function quoted(words: string): string {
  return `"${words.trim()}"`;
}

function sentence(text: string): string {
  const trimmed = text.trimEnd();
  return /[.!?\u2026]$/.test(trimmed) ? trimmed : `${trimmed}.`;
}

function capitalised(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}
