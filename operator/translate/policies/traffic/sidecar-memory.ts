// What a TrafficPolicy costs in the sidecars of its callers, which may be all of the mesh: routes and subsets are there for each port of each
// Service that it targets. So a namespace has a budget, or one object of a megabyte that targets many ports would end the
// sidecars of everybody. Estimated from the spec; the figures were measured on Envoy 1.40 (allocated bytes).
import { derivedSize } from '../../../../api/checks/derived-expressions.ts';
import { expressionSizes } from '../../../../api/checks/expression-size.ts';
import type { TrafficPolicy } from '../../../../api/v1alpha1/traffic/policy.ts';
import { rememberEach } from '../../../values/remember.ts';

const kiB = 1024;
const miB = 1024 * kiB;

/** A subset, or what copies are sent to, is a cluster. */
const perCluster = 80 * kiB;
/** Each match of a route is a route of Envoy's, and one more for preflight requests. */
const perRoute = 7 * kiB;
const perCharacter = 6;
/** Of RE2. */
const perInstruction = 16;

/** Bytes that a policy takes for each service port. */
export const memoryPerPort = rememberEach(({ spec }: TrafficPolicy): number => {
  const { routes, tcpRoutes, tlsRoutes, subsets } = spec;
  const copies = new Set(
    routes.flatMap(({ mirror }) => mirror.map(({ service, subset }) => JSON.stringify([service, subset]))),
  );
  const matches = routes.reduce(
    (sum, route) => sum + Math.max(1, route.matches.length) * (route.cors === undefined ? 1 : 2),
    tcpRoutes.length + tlsRoutes.length,
  );
  const clusters = subsets.length + copies.size;
  if (matches + clusters === 0) return 0;
  const instructions = derivedSize(spec) + expressionSizes(spec);
  const characters = JSON.stringify([routes, tcpRoutes, tlsRoutes]).length;
  return (
    perCluster * clusters + perRoute * matches + perInstruction * instructions + perCharacter * characters
  );
});

/** Bytes that the TrafficPolicies of a namespace may take in a sidecar, by how many Services it has. */
export function memoryBudget(services: number): number {
  return 32 * miB + services * 512 * kiB;
}

/** Of a policy that does not fit any more. needed: with all older policies of the namespace; in bytes. */
export function overBudget(namespace: string, needed: number, services: number): string {
  const count = services === 1 ? '1 Service' : `${services} Services`;
  return `The TrafficPolicies of namespace ${namespace} would take about ${inMiB(needed)} in a sidecar. With ${count}, the limit is ${inMiB(memoryBudget(services))}, and older policies come first. Remove subsets, routes, matches or targets; each counts for every port of a target.`;
}

function inMiB(bytes: number): string {
  return `${Math.ceil(bytes / miB)} MiB`;
}
