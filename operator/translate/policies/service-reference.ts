// A port of a Service that a policy refers to: whether it is there, serves HTTP, and whether the reference is permitted.
import { type Reason, reason } from '../../conditions/conditions.ts';
import { type Grants, mayRefer } from '../facts/reference-grants.ts';
import { type PortView, serviceKey, type ServiceView } from '../facts/service-view.ts';
import { listed } from '../facts/verdicts.ts';

export interface ServicePortRef {
  readonly namespace: string;
  readonly name: string;
  readonly port: number;
}

/** What there is to refer to. */
export interface ReferableServices {
  readonly services: ReadonlyMap<string, ServiceView>;
  readonly grants: Grants;
}

/** What a reference does not lead to. */
export interface Unresolved {
  readonly reason: Reason;
  /** What is wrong, as a full sentence. */
  readonly fact: string;
  /** What to do, as a full sentence. */
  readonly advice: string;
}

interface Author {
  readonly kind: string;
  readonly namespace: string;
}

/** named: what the user wrote the name for (`backend`). */
export function findServicePort(
  ref: ServicePortRef,
  author: Author,
  { services, grants }: ReferableServices,
  named: string,
): PortView | Unresolved {
  // First: who is not permitted to refer to a Service is not told either whether it exists.
  if (!mayRefer(author, ref, grants)) return notPermitted(ref, author);
  const name = serviceKey(ref.namespace, ref.name);
  const view = services.get(name);
  if (view === undefined)
    return notFound(`Service ${name} does not exist.`, `Create it, or fix the name of the ${named}.`);
  const port = view.ports.find((one) => one.port === ref.port);
  if (port === undefined) return notFound(`Service ${name} has no TCP port ${ref.port}.`, otherPorts(view));
  return port.protocol === 'TCP' ? notHttp(ref) : port;
}

function notFound(fact: string, advice: string): Unresolved {
  return { reason: reason.backendNotFound, fact, advice };
}

function otherPorts({ ports }: ServiceView): string {
  if (ports.length === 0) return 'Add the port to the Service, or use another Service.';
  return `Use one of its ports (${listed(ports.map(({ port }) => String(port)))}).`;
}

function notPermitted(to: ServicePortRef, from: Author): Unresolved {
  return {
    reason: reason.refNotPermitted,
    fact: `No ReferenceGrant lets a ${from.kind} of namespace ${from.namespace} refer to Service ${serviceKey(to.namespace, to.name)}.`,
    advice: `Create one in namespace ${to.namespace}, or use a Service of namespace ${from.namespace}.`,
  };
}

function notHttp({ namespace, name, port }: ServicePortRef): Unresolved {
  return {
    reason: reason.unsupportedProtocol,
    fact: `Port ${port} of Service ${serviceKey(namespace, name)} is TCP.`,
    advice: 'Set appProtocol: http on the Service port if it serves HTTP, or use another port.',
  };
}
