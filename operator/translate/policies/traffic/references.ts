// The services that backends of routes refer to: whether they are there, and whether the reference is permitted.
import { type Reason, reason } from '../../../conditions/conditions.ts';
import type { ReferenceGrant } from '../../../objects/objects.ts';
import type { EndpointsRefIr } from '../../../ir/service.ts';
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
  readonly traffic: ReadonlyMap<string, { readonly routing: { readonly value: RoutingClaim } | null }>;
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

/**
 * @param own key of the service port that the route is for
 * @param routing whose route it is
 */
export function resolveReference(
  { service, subset }: Reference,
  own: string,
  routing: RoutingClaim,
  referable: Referable,
): EndpointsRefIr | Unresolved {
  if (service !== null) return resolveService(service, subset, routing, referable);
  if (isDeclared(subset, routing)) return { service: own, subset };
  return {
    reason: reason.refNotFound,
    fact: `Subset ${subset ?? ''} is not declared.`,
    advice: 'Declare it in subsets, or fix the name.',
  };
}

function resolveService(
  ref: ServiceRefClaim,
  subset: string | null,
  { author }: RoutingClaim,
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
  if (!isDeclared(subset, referable.traffic.get(port.key)?.routing?.value ?? null))
    return undeclared(ref, subset);
  return { service: port.key, subset };
}

function isDeclared(subset: string | null, routing: RoutingClaim | null): boolean {
  return subset === null || (routing?.subsets.some(({ name }) => name === subset) ?? false);
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

/** Texts that change when what these routes refer to does. */
export function stateOfReferences(
  own: string,
  routing: RoutingClaim | null,
  referable: Referable,
): readonly string[] {
  if (routing === null) return [];
  return namedReferences(routing.routes).map((reference) =>
    JSON.stringify(resolveReference(reference, own, routing, referable)),
  );
}

export function isUnresolved(found: EndpointsRefIr | Unresolved): found is Unresolved {
  return 'fact' in found;
}
