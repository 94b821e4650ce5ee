// Retries that multiply: a call that is tried again leads to calls that are tried again, too (decision 043). Pure.
import { reason } from '../../../conditions/conditions.ts';
import type { WorkloadIr } from '../../../ir/mesh-ir.ts';
import { type Origin, originKey } from '../../../ir/origin.ts';
import type { RetryIr, RouteIr, RouteListIr } from '../../../ir/route.ts';
import type { ServicePortIr } from '../../../ir/service.ts';
import { append } from '../../../values/labels.ts';
import { rememberEach, rememberItems } from '../../../values/remember.ts';
import { isSameValue } from '../../../values/same-value.ts';
import { mergeOrigins } from '../../facts/origins.ts';
import type { Problem } from '../../facts/verdicts.ts';
import { type CallFacts, type KnownCall, knownCalls } from './known-calls.ts';

/** By originKey of the object that sets the retries: what to warn of. */
export type RetryWarnings = Readonly<Record<string, readonly Problem[]>>;

export interface RetryFacts extends CallFacts {
  readonly workloads: readonly Pick<WorkloadIr, 'key' | 'bindings' | 'audience'>[];
  /** originKey of the Mesh, and of policies for a Namespace or the Mesh: they hold for whole chains of calls. */
  readonly wide: ReadonlySet<string>;
}

/** The same object as in the batch before while there is the same to say. */
export function createRetryWarner(): (facts: RetryFacts) => RetryWarnings {
  let last: RetryWarnings = {};
  return (facts) => {
    const found = retryWarnings(facts);
    if (!isSameValue(last, found)) last = found;
    return last;
  };
}

/** Chains that a message names. */
const mostNamed = 3;

export function retryWarnings(facts: RetryFacts): RetryWarnings {
  const hops = hopsOf(facts.services).flatMap((hop) => hop ?? []);
  if (hops.length < 2) return {};
  const messages = new Map<string, string[]>();
  for (const [by, tries] of wideTries(hops, facts.wide)) append(messages, by, wideMessage(tries));
  const audiences = audiencesOf(facts.workloads);
  for (const call of knownCalls({ ...facts, services: hops.map(({ service }) => service) })) {
    const [first, second] = [hopOf(call.from), hopFrom(call.from, call.to, audiences)];
    if (first === null || second === null) continue;
    const message = chainMessage(first, second, call);
    for (const by of new Set([...first.keys, ...second.keys])) append(messages, by, message);
  }
  return Object.fromEntries([...messages].map(([by, all]) => [by, problemsOf(all)]));
}

function problemsOf(messages: readonly string[]): readonly Problem[] {
  const more = messages.length - mostNamed;
  const rest =
    more > 0 ? [`The same is true of ${more} more ${more === 1 ? 'pair' : 'pairs'} of Services.`] : [];
  return [...messages.slice(0, mostNamed), ...rest].map((message) => {
    return { reason: reason.retriesMultiply, message };
  });
}

/** A service port whose calls are tried again although the application may have seen them. */
interface Hop {
  readonly service: ServicePortIr;
  /** The first try included. */
  readonly tries: number;
  /** Who sets the number of retries, and what is retried; at least one. */
  readonly by: readonly Origin[];
  /** originKey of each. */
  readonly keys: readonly string[];
}

/** Whoever calls. null: nothing is tried again that the application may have seen. */
const hopOf = rememberEach((service: ServicePortIr): Hop | null => {
  const { default: everybody, byAudience } = service.routes;
  return mostTries(service, [everybody, ...byAudience.map(({ routes }) => routes)]);
});

const hopsOf = rememberItems(hopOf);

/** Of calls from the endpoints of another one: they may be consumers. */
function hopFrom(from: ServicePortIr, service: ServicePortIr, audiences: AudienceByWorkload): Hop | null {
  const { default: everybody, byAudience } = service.routes;
  if (byAudience.length === 0) return hopOf(service);
  const callers = new Set(from.endpoints.map(({ workload }) => audiences.get(workload) ?? null));
  const theirs = [...callers].map((caller) => byAudience.find(({ audience }) => audience === caller)?.routes);
  return mostTries(service, theirs.length === 0 ? [everybody] : theirs.map((routes) => routes ?? everybody));
}

/** Key of a workload → its audience. */
type AudienceByWorkload = ReadonlyMap<string, string | null>;

const audiencesOf = rememberEach(
  (workloads: RetryFacts['workloads']): AudienceByWorkload =>
    new Map(workloads.map(({ key, audience }) => [key, audience])),
);

/** Of all these routes that with the most tries. */
function mostTries(service: ServicePortIr, lists: readonly RouteListIr[]): Hop | null {
  let most: Hop | null = null;
  for (const route of lists.flat()) {
    const by = leadsTo(route, service.key) ? responsible(route) : [];
    const tries = route.retry.attempts + 1;
    if (by.length > 0 && tries > (most?.tries ?? 1)) most = { service, tries, by, keys: by.map(originKey) };
  }
  return most;
}

/** Retries of a route to other Services are none of calls to this one. */
function leadsTo({ action }: RouteIr, key: string): boolean {
  return (
    action.type === 'Forward' &&
    action.backends.some((backend) => 'service' in backend && backend.service === key)
  );
}

/** None if no response is retried: what never reached the application multiplies nothing behind it. */
function responsible({ retry, setBy, action }: RouteIr): readonly Origin[] {
  if (action.type !== 'Forward') return [];
  const field = conditions.find(([, retries]) => retries(retry))?.[0];
  if (field === undefined) return [];
  const set = [setBy['retry.attempts'], setBy[field]].flatMap((origin) => origin ?? []);
  return mergeOrigins(set);
}

const conditions: readonly (readonly [field: string, retries: (retry: RetryIr) => boolean])[] = [
  ['retry.retryOn', ({ on }) => on.some((one) => one !== 'ConnectFailure' && one !== 'RefusedStream')],
  ['retry.statusCodes', ({ statusCodes }) => statusCodes.length > 0],
  ['retry.grpcCodes', ({ grpcCodes }) => grpcCodes.length > 0],
];

/** Objects for whole chains → the fewest tries that they set; only where a Service of theirs can call another. */
function wideTries(hops: readonly Hop[], wide: RetryFacts['wide']): ReadonlyMap<string, number> {
  const byObject = new Map<string, Hop[]>();
  for (const hop of hops) {
    const isWide = hop.keys.every((key) => wide.has(key));
    if (isWide) for (const key of hop.keys) append(byObject, key, hop);
  }
  const chains = [...byObject].filter(
    ([, all]) => all.length > 1 && all.some(({ service }) => service.peerIdentities.length > 0),
  );
  return new Map(chains.map(([key, all]) => [key, Math.min(...all.map(({ tries }) => tries))]));
}

function chainMessage(first: Hop, second: Hop, { source }: KnownCall): string {
  const [a, b] = [first.service.key, second.service.key];
  return `Retries can multiply to ${first.tries * second.tries} tries of a request to ${b}: ${first.tries} to ${a} by ${titlesOf(first.by)}, times ${second.tries} to ${b} by ${titlesOf(second.by)}, if each call to ${a} leads to one. ${a} calls ${b} according to ${source}. Retry at one of the two only: set attempts to 0 at the other.`;
}

function wideMessage(tries: number): string {
  return `Retries can multiply: each call is tried up to ${tries} times, so a request through two Services can become ${tries ** 2} at the second, and through three ${tries ** 3}. It is not known which Services call each other. Set these retries only for Services that are called from the edge, or retry only ConnectFailure and RefusedStream, which do not multiply.`;
}

function titlesOf(objects: readonly Origin[]): string {
  return objects
    .map(({ kind, namespace, name }) => `${kind} ${namespace === '' ? '' : `${namespace}/`}${name}`)
    .join(' and ');
}
