// What translation says of each TrafficPolicy.
import type { TrafficPolicy } from '../../../../api/v1alpha1/traffic/policy.ts';
import { reason, type Verdict } from '../../../conditions/conditions.ts';
import { originKey } from '../../../ir/origin.ts';
import type { ForeignEndpoints } from '../../facts/foreign-endpoints.ts';
import { originOf } from '../../facts/origins.ts';
import { serviceKey } from '../../facts/service-view.ts';
import {
  acceptedCondition,
  listed,
  type Problem,
  resolvedRefsCondition,
  warningCondition,
} from '../../facts/verdicts.ts';
import type { Outcome } from '../contest.ts';
import { defeatProblems, overriddenCondition, winnersOf } from '../losses.ts';
import type { EmptySubset, EmptySubsets } from './empty-subsets.ts';
import { emptyElsewhere, emptySubsetName, unresolvedReferences } from './reference-problems.ts';
import type { Referable } from './references.ts';
import type { RouteClaim, RoutingClaim } from './claims.ts';
import type { RouteSettings } from './settings.ts';
import type { PolicyTargets } from './targets.ts';
import { rememberEach } from '../../../values/remember.ts';
import type { Traffic } from './traffic.ts';
import { idleSentences, limitedFields } from './protocols.ts';
import { claimsOf } from './traffic-policy.ts';
import { routesForOthers, unreachableRoutes } from './unreachable.ts';
import type { Warnings } from './warnings.ts';

// oxlint-disable-next-line max-params -- each is compared by itself, as below
export function trafficVerdicts(
  { targets, outcomes }: Traffic,
  referable: Referable,
  empty: EmptySubsets,
  foreign: ForeignEndpoints,
  warnings: Warnings,
): readonly Verdict[] {
  const emptyNames = new Set(
    Object.values(empty).flatMap((some) => some.map(({ service, name }) => emptySubsetName(service, name))),
  );
  return [...targets].map(([policy, target]) => {
    const { routing } = claimsOf(policy);
    const callers = callersOf(policy);
    const unresolved = unresolvedReferences(routing, callers, referable);
    const elsewhere = emptyElsewhere(routing, callers, referable, emptyNames);
    return verdictOn(
      policy,
      target,
      outcomes.get(policy),
      elsewhere.length === 0 ? unresolved : [...unresolved, ...elsewhere],
      empty[originKey(originOf(policy))] ?? none,
      foreign,
      warnings[originKey(originOf(policy))] ?? none,
    );
  });
}

const none: readonly never[] = [];

/** Of a thousand policies one changes. */
const verdictOn = rememberEach(
  // oxlint-disable-next-line max-params -- each is compared by itself: a record of them would be new each time
  (
    policy: TrafficPolicy,
    { problems, leftOut, unlimited }: PolicyTargets,
    outcome: Outcome<TrafficPolicy> | undefined,
    unresolved: readonly Problem[],
    empty: readonly EmptySubset[],
    foreign: ForeignEndpoints,
    warned: readonly Problem[],
  ): Verdict => {
    const others = outcome?.isInEffect === true && problems.length > 0 ? [othersInEffect] : [];
    return {
      origin: originOf(policy),
      conditions: [
        acceptedCondition(
          [...problems, ...defeatProblems(policy, outcome)],
          [
            ...idleSentences(policy, leftOut),
            ...unlimitedNotes(policy, unlimited),
            ...abortNotes(policy),
            ...others,
          ],
        ),
        resolvedRefsCondition(
          [...unresolved, ...emptySubsets(policy, empty)],
          claimsOfTargets(policy, foreign),
        ),
        ...overriddenCondition(policy, outcome),
        ...warningCondition([...unreachable(policy), ...elsewhereOnly(policy), ...warned]),
      ],
      overriddenBy: winnersOf(outcome),
    };
  },
);

/** For whom its routes are: everybody (null), or consumers in its namespace; or both, at different targets. */
const callersOf = rememberEach(({ metadata: { namespace: own = '' }, spec }: TrafficPolicy) => {
  const all = spec.targetRefs.map(({ namespace = own }) => (namespace === own ? null : own));
  return [...new Set(all)];
});

const othersInEffect = 'The policy is in effect for its other targets.';

function unlimitedNotes(policy: TrafficPolicy, unlimited: readonly string[]): readonly string[] {
  if (unlimited.length === 0) return [];
  const [have, them] =
    unlimited.length === 1 ? ['1 target has', 'it'] : [`${unlimited.length} targets have`, 'them'];
  const fields = limitedFields(policy);
  const apply = fields.length === 1 && fields[0] !== 'limits' ? 'does' : 'do';
  return [`${have} no sidecar, so ${listed(fields)} ${apply} not apply to ${them}: ${listed(unlimited)}.`];
}

/** A reader might expect retries to hide injected failures. */
function abortNotes(policy: TrafficPolicy): readonly string[] {
  const { routing, settings } = claimsOf(policy);
  const aborting = (routing?.routes ?? []).filter(
    (route) => (route.fault?.abort ?? null) !== null && hasRetries({ ...settings, ...route.settings }),
  );
  if (aborting.length === 0) return [];
  const names = listed(aborting.map(({ name }) => name));
  return [
    `Retries do not hide fault.abort of route ${names}. Callers see the injected failure after the last retry.`,
  ];
}

/** Whether it is written that there are retries. */
function hasRetries(settings: Readonly<Partial<RouteSettings>>): boolean {
  const attempts = settings['retry.attempts'];
  const conditions = [settings['retry.retryOn'], settings['retry.statusCodes'], settings['retry.grpcCodes']];
  return attempts === undefined ? conditions.some((written) => written !== undefined) : attempts > 0;
}

const unreachable = rememberEach((policy: TrafficPolicy): readonly Problem[] =>
  unreachableRoutes(claimsOf(policy).routing?.routes ?? []).map(({ name, shadowedBy }) => {
    const isOne = shadowedBy.length === 1;
    const [takers, take] = [`${isOne ? 'route' : 'routes'} ${listed(shadowedBy)}`, isOne ? 'takes' : 'take'];
    return {
      reason: reason.unreachableRoute,
      message: `Route ${name} gets no requests because ${takers} before it ${take} all of them. Move ${name} up, or remove it.`,
    };
  }),
);

/** Routes of a consumer policy that ask for callers to whom it does not apply. */
const elsewhereOnly = rememberEach((policy: TrafficPolicy): readonly Problem[] => {
  const [namespace = null, ...others] = callersOf(policy);
  if (namespace === null || others.length > 0) return [];
  return routesForOthers(claimsOf(policy).routing?.routes ?? [], namespace).map((name) => ({
    reason: reason.unreachableRoute,
    message: `Route ${name} gets no requests because its matches name callers of other namespaces in from, and the policy applies only to callers in namespace ${namespace}. Name callers of ${namespace} in from, or remove the route.`,
  }));
});

function claimsOfTargets({ metadata, spec }: TrafficPolicy, foreign: ForeignEndpoints): readonly string[] {
  const services = spec.targetRefs.flatMap(({ kind, namespace, name }) =>
    kind === 'Service' ? [serviceKey(namespace ?? metadata.namespace ?? '', name)] : [],
  );
  return [...new Set(services)].flatMap((key) => foreign[key]?.message ?? []);
}

/** Of those that a route sends something to. */
function emptySubsets(policy: TrafficPolicy, empty: readonly EmptySubset[]): readonly Problem[] {
  const { routing } = claimsOf(policy);
  if (routing === null || empty.length === 0) return [];
  const { routes, connectionRoutes } = routing;
  const at = (wanted: EmptySubset['protocol']): readonly EmptySubset[] =>
    empty.filter(({ protocol }) => protocol === wanted);
  return routing.subsets.flatMap((subset) => {
    const requests = fate(subset, routes, weighty, 'Its share of the requests of route @ gets a 503.');
    const copies = fate(subset, routes, ({ mirrors }) => mirrors, 'Route @ sends no copies there.');
    const ofTcp = fate(subset, connectionRoutes, weighty, 'Its share of the connections of @ is closed.');
    return [
      ...emptySubset(subset, at('HTTP'), [...requests, ...copies]),
      ...emptySubset(subset, at('TCP'), ofTcp),
    ];
  });
}

type SubsetClaim = RoutingClaim['subsets'][number];

function weighty({ backends }: Pick<RouteClaim, 'backends'>): RouteClaim['backends'] {
  return backends.filter(({ weight }) => weight > 0);
}

/** What becomes of the routes that refer to it, which are @; nothing if none does. */
// oxlint-disable-next-line max-params -- of one sentence
function fate<R extends { readonly name: string }>(
  { name }: SubsetClaim,
  routes: readonly R[],
  referencesOf: (route: R) => readonly Pick<RouteClaim['backends'][number], 'service' | 'subset'>[],
  effect: string,
): readonly string[] {
  const users = routes.filter((route) =>
    referencesOf(route).some(({ service, subset }) => service === null && subset === name),
  );
  return users.length === 0 ? [] : [effect.replace('@', listed(users.map((route) => route.name)))];
}

function emptySubset(
  { name, matchLabels }: SubsetClaim,
  empty: readonly EmptySubset[],
  fates: readonly string[],
): readonly Problem[] {
  const services = empty.filter(({ subset }) => subset === name).map(({ service }) => service);
  if (services.length === 0 || fates.length === 0) return [];
  const labels = Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`);
  const message = `Subset ${name} has no endpoints because no workload of ${listed(services)} has the labels ${labels.join(',')}. ${fates.join(' ')} Start a workload with these labels, or fix matchLabels.`;
  return [{ reason: reason.refNotFound, message }];
}
