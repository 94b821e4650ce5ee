// The services that backends of routes refer to: whether they are there, and whether the reference is permitted.
import { type Reason, reason } from '../../../conditions/conditions.ts';
import type { ReferenceGrant } from '../../../objects/objects.ts';
import type { EndpointsRefIr } from '../../../ir/route.ts';
import { rememberEach, rememberLast } from '../../../values/remember.ts';
import { type Grants, grantsByNamespace, mayRefer } from '../../facts/reference-grants.ts';
import { serviceKey, type ServiceView } from '../../facts/service-view.ts';
import { listed } from '../../facts/verdicts.ts';
import type { BackendClaim, RouteClaim, RoutingClaim, ServiceRefClaim } from './claims.ts';

/** What there is to refer to. */
export interface Referable {
  readonly services: ReadonlyMap<string, ServiceView>;
  readonly grants: Grants;
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

/** Endpoints that a route cannot have. */
export interface Unresolved {
  readonly reason: Reason;
  /** What is wrong, as a full sentence. */
  readonly fact: string;
  /** What to do, as a full sentence. */
  readonly advice: string;
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
  // First: who is not permitted to refer to a Service is not told either whether it exists.
  if (!mayRefer(author, ref, referable.grants)) return notPermitted(ref, author);
  const name = serviceKey(ref.namespace, ref.name);
  const view = referable.services.get(name);
  if (view === undefined)
    return notFound(`Service ${name} does not exist.`, 'Create it, or fix the name of the backend.');
  const port = view.ports.find((one) => one.port === ref.port);
  if (port === undefined) return notFound(`Service ${name} has no TCP port ${ref.port}.`, otherPorts(view));
  if (port.protocol === 'TCP') return notHttp(ref);
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

function notFound(fact: string, advice: string): Unresolved {
  return { reason: reason.backendNotFound, fact, advice };
}

function otherPorts({ ports }: ServiceView): string {
  if (ports.length === 0) return 'Add the port to the Service, or use another Service.';
  return `Use one of its ports (${listed(ports.map(({ port }) => String(port)))}).`;
}

function notPermitted(to: ServiceRefClaim, from: RoutingClaim['author']): Unresolved {
  return {
    reason: reason.refNotPermitted,
    fact: `No ReferenceGrant lets a ${from.kind} of namespace ${from.namespace} refer to Service ${serviceKey(to.namespace, to.name)}.`,
    advice: `Create one in namespace ${to.namespace}, or use a Service of namespace ${from.namespace}.`,
  };
}

function notHttp({ namespace, name, port }: ServiceRefClaim): Unresolved {
  return {
    reason: reason.unsupportedProtocol,
    fact: `Port ${port} of Service ${serviceKey(namespace, name)} is TCP.`,
    advice: 'Set appProtocol: http on the Service port if it serves HTTP, or use another port.',
  };
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

export function isUnresolved(found: EndpointsRefIr | Unresolved): found is Unresolved {
  return 'fact' in found;
}
