// What translation says of each TrafficPolicy.
import type { TrafficPolicy } from '../../../../api/v1alpha1/traffic/policy.ts';
import type { Verdict } from '../../../conditions/conditions.ts';
import { originKey } from '../../../ir/origin.ts';
import type { ForeignEndpoints } from '../../facts/foreign-endpoints.ts';
import { originOf } from '../../facts/origins.ts';
import { serviceKey } from '../../facts/service-view.ts';
import { acceptedCondition, listed, resolvedRefsCondition } from '../../facts/verdicts.ts';
import { defeatProblems, overriddenCondition } from '../losses.ts';
import type { RouteClaim, RoutingClaim } from './claims.ts';
import type { EmptySubset, EmptySubsets } from './empty-subsets.ts';
import { isDeclared } from './resolve.ts';
import type { RouteSettings } from './settings.ts';
import type { PolicyTargets } from './targets.ts';
import type { Traffic } from './traffic.ts';
import { claimsOf } from './traffic-policy.ts';

export function trafficVerdicts(
  { targets, outcomes }: Traffic,
  empty: EmptySubsets,
  foreign: ForeignEndpoints,
): readonly Verdict[] {
  return [...targets].map(([policy, { problems, leftOut }]) => {
    const outcome = outcomes.get(policy);
    const others = outcome?.isInEffect === true && problems.length > 0 ? [othersInEffect] : [];
    return {
      origin: originOf(policy),
      conditions: [
        acceptedCondition(
          [...problems, ...defeatProblems(policy, outcome)],
          [...leftOutNotes(leftOut), ...abortNotes(policy), ...others],
        ),
        resolvedRefsCondition(
          [...undeclaredSubsets(policy), ...emptySubsets(policy, empty[originKey(originOf(policy))] ?? [])],
          claimsOfTargets(policy, foreign),
        ),
        ...overriddenCondition(policy, outcome),
      ],
    };
  });
}

const othersInEffect = 'For its other targets the policy is in effect.';

function leftOutNotes(leftOut: PolicyTargets['leftOut']): readonly string[] {
  if (leftOut.length === 0) return [];
  const ports = listed(leftOut.map(({ key }) => key));
  return [
    `It has no effect on ${ports}, which is TCP: set appProtocol: http on the port of the Service if it speaks HTTP.`,
  ];
}

/** A reader might expect retries to hide injected failures. */
function abortNotes(policy: TrafficPolicy): readonly string[] {
  const { routing, settings } = claimsOf(policy);
  const aborting = (routing?.routes ?? []).filter(
    (route) => (route.fault?.abort ?? null) !== null && retries({ ...settings, ...route.settings }),
  );
  if (aborting.length === 0) return [];
  const names = listed(aborting.map(({ name }) => name));
  return [
    `The retry of route ${names} does not hide fault.abort: an injected failure is what callers see after all tries.`,
  ];
}

/** Whether it is written that there are retries. */
function retries(settings: Readonly<Partial<RouteSettings>>): boolean {
  const attempts = settings['retry.attempts'];
  return attempts === undefined ? settings['retry.retryOn'] !== undefined : attempts > 0;
}

function claimsOfTargets({ metadata, spec }: TrafficPolicy, foreign: ForeignEndpoints): readonly string[] {
  const services = spec.targetRefs.flatMap(({ kind, name }) =>
    kind === 'Service' ? [serviceKey(metadata.namespace ?? '', name)] : [],
  );
  return [...new Set(services)].flatMap((key) => foreign[key]?.message ?? []);
}

function undeclaredSubsets(policy: TrafficPolicy): readonly string[] {
  const { routing } = claimsOf(policy);
  return routing === null ? [] : routing.routes.flatMap((route) => undeclaredBy(route, routing));
}

function undeclaredBy(route: RouteClaim, routing: RoutingClaim): readonly string[] {
  const missing = route.backends.filter((backend) => !isDeclared(backend, routing));
  const hasOther = route.backends.some((backend) => backend.weight > 0 && isDeclared(backend, routing));
  const effect = hasOther ? 'its other backends take its share' : 'it answers 503';
  return [...new Set(missing.map(({ subset }) => subset))].map(
    (subset) =>
      `Route ${route.name} names subset ${subset ?? ''}, which is not declared, so ${effect}: declare it in subsets, or correct the name.`,
  );
}

/** Of those that a route sends requests to. */
function emptySubsets(policy: TrafficPolicy, empty: readonly EmptySubset[]): readonly string[] {
  const { routing } = claimsOf(policy);
  if (routing === null || empty.length === 0) return [];
  return routing.subsets.flatMap(({ name, matchLabels }) => {
    const services = empty.filter(({ subset }) => subset === name).map(({ service }) => service);
    const users = routing.routes.filter(({ backends }) =>
      backends.some(({ subset, weight }) => subset === name && weight > 0),
    );
    if (services.length === 0 || users.length === 0) return [];
    const labels = Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`);
    const routes = listed(users.map((route) => route.name));
    return [
      `Subset ${name} has no endpoints: nothing behind ${listed(services)} has the labels ${labels.join(',')}, so its share of route ${routes} is answered 503. Start a workload with these labels, or correct matchLabels.`,
    ];
  });
}
