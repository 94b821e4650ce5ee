// The services that backends of routes refer to: whether they are there, and whether the reference is permitted.
import { reason } from '../../../conditions/conditions.ts';
import type { ReferenceGrant } from '../../../objects/objects.ts';
import type { EndpointsRefIr } from '../../../ir/route.ts';
import { rememberEach, rememberLast } from '../../../values/remember.ts';
import { grantsByNamespace } from '../../facts/reference-grants.ts';
import { serviceKey } from '../../facts/service-view.ts';
import { findServicePort, type ReferableServices, type Unresolved } from '../service-reference.ts';
import type { BackendClaim, RouteClaim, RoutingClaim, ServiceRefClaim } from './claims.ts';

export interface Referable extends ReferableServices {
  /** What is in effect at a service port, by its key. */
  readonly traffic: ReadonlyMap<
    string,
    Routed & { readonly consumers: readonly (Routed & { readonly namespace: string })[] }
  >;
}

interface Routed {
  readonly routing: { readonly value: RoutingClaim; readonly consumer: string | null } | null;
}

/** Who refers to something. */
export interface Referrer {
  /** Key of the service port that the route is for. */
  readonly own: string;
  readonly routing: RoutingClaim;
  /** The namespace of the callers, if it is a consumer policy; else null. */
  readonly consumer: string | null;
}

/** `v1`, or `v1@qa` for one that a consumer policy of namespace qa declares. */
export function subsetName(name: string, consumer: string | null): string {
  return consumer === null ? name : `${name}@${consumer}`;
}

/** `v1` of both. */
export function declaredName(subset: string): string {
  return subset.replace(/@.*/, '');
}

/** The same object as before while nothing changes. */
export function createReferableFinder(): (
  services: Referable['services'],
  grants: readonly ReferenceGrant[],
  traffic: Referable['traffic'],
) => Referable {
  const grantsOf = rememberLast(grantsByNamespace);
  return rememberLast((services, grants, traffic) => ({ services, grants: grantsOf(grants), traffic }));
}

type Reference = Pick<BackendClaim, 'service' | 'subset'>;

export function resolveReference(
  { service, subset }: Reference,
  from: Referrer,
  referable: Referable,
): EndpointsRefIr | Unresolved {
  if (service !== null) return resolveService(service, subset, from, referable);
  const { own, routing, consumer } = from;
  if (isDeclared(subset, routing)) return { service: own, subset: subset && subsetName(subset, consumer) };
  return {
    reason: reason.refNotFound,
    fact: `Subset ${subset ?? ''} is not declared.`,
    advice: 'Declare it in subsets, or fix the name.',
  };
}

// oxlint-disable-next-line max-params -- the two halves of a reference, who refers, and to what
function resolveService(
  ref: ServiceRefClaim,
  subset: string | null,
  { routing: { author }, consumer }: Referrer,
  referable: Referable,
): EndpointsRefIr | Unresolved {
  const port = findServicePort(ref, author, referable, 'backend');
  if (isUnresolved(port)) return port;
  if (subset === null) return { service: port.key, subset };
  const there = referable.traffic.get(port.key);
  const theirs = there?.consumers.find(({ namespace }) => namespace === consumer) ?? there;
  const routing = theirs?.routing ?? null;
  if (routing === null || !isDeclared(subset, routing.value)) return undeclared(ref, subset);
  return { service: port.key, subset: subsetName(subset, routing.consumer) };
}

function isDeclared(subset: string | null, { subsets }: RoutingClaim): boolean {
  return subset === null || subsets.some(({ name }) => name === subset);
}

function undeclared({ namespace, name, port }: ServiceRefClaim, subset: string | null): Unresolved {
  return {
    reason: reason.refNotFound,
    fact: `Subset ${subset ?? ''} is not declared for port ${port} of Service ${serviceKey(namespace, name)}.`,
    advice: 'Declare it in the TrafficPolicy for that Service, or fix the name.',
  };
}

/** References of some routes to services that they name. */
export const namedReferences = rememberEach((routes: readonly RouteClaim[]): readonly Reference[] =>
  routes.flatMap(({ backends, mirrors }) =>
    [...backends, ...mirrors].filter(({ service }) => service !== null),
  ),
);

/** Texts that change when what routes of a service port refer to does. */
export function stateOfReferences(
  own: string,
  traffic: Routed & { readonly consumers: readonly Routed[] },
  referable: Referable,
): readonly string[] {
  return [traffic, ...traffic.consumers].flatMap(({ routing }) => {
    if (routing === null) return [];
    const from = { own, routing: routing.value, consumer: routing.consumer };
    return namedReferences(routing.value.routes).map((reference) =>
      JSON.stringify(resolveReference(reference, from, referable)),
    );
  });
}

export function isUnresolved(found: object): found is Unresolved {
  return 'fact' in found;
}
