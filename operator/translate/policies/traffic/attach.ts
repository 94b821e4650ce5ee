// Which TrafficPolicy is in force for each service port: one that names the port before one that names the Service
// only, then the older, then namespace and name.
import type { TrafficPolicy } from '../../../../api/v1alpha1/traffic/policy.ts';
import { reason } from '../../../conditions/conditions.ts';
import { append } from '../../../values/labels.ts';
import { compareAge } from '../../facts/precedence.ts';
import { type PortView, serviceKey, type ServiceView, type ServiceViews } from '../../facts/service-view.ts';
import { listed, type Problem } from '../../facts/verdicts.ts';

/** A policy's wish for one service port. */
export interface Claim {
  readonly policy: TrafficPolicy;
  /** Key of the service port. */
  readonly port: string;
  /** It names the port, not only the Service. */
  readonly isSpecific: boolean;
}

export interface TrafficAttachments {
  /** Key of a service port → its policies, the one in force first. */
  readonly byPort: ReadonlyMap<string, readonly Claim[]>;
  readonly byPolicy: ReadonlyMap<TrafficPolicy, PolicyTargets>;
}

export interface PolicyTargets {
  /** One for each port it may shape, sorted by port key. */
  readonly claims: readonly Claim[];
  /** Targets it cannot have. */
  readonly problems: readonly Problem[];
  /** TCP ports that a target without port leaves out. */
  readonly leftOut: readonly PortView[];
}

type Target = TrafficPolicy['spec']['targetRefs'][number];

export function attachTraffic(
  policies: readonly TrafficPolicy[],
  services: ServiceViews,
): TrafficAttachments {
  const byPort = new Map<string, Claim[]>();
  const byPolicy = new Map<TrafficPolicy, PolicyTargets>();
  for (const policy of policies.toSorted(compareAge)) {
    const targets = targetsOf(policy, services);
    byPolicy.set(policy, targets);
    for (const claim of targets.claims) append(byPort, claim.port, claim);
  }
  // Sorting is stable: among equally specific claims the older policy stays first.
  for (const claims of byPort.values()) claims.sort((a, b) => Number(b.isSpecific) - Number(a.isSpecific));
  return { byPort, byPolicy };
}

/** Key of a service port → the policy in force. */
export function inForce(attachments: TrafficAttachments): ReadonlyMap<string, TrafficPolicy> {
  const winners = new Map<string, TrafficPolicy>();
  for (const [port, [first]] of attachments.byPort) {
    if (first !== undefined) winners.set(port, first.policy);
  }
  return winners;
}

interface Found {
  readonly ports: readonly PortView[];
  readonly problems: readonly Problem[];
  readonly leftOut: readonly PortView[];
}

function targetsOf(policy: TrafficPolicy, services: ServiceViews): PolicyTargets {
  const claims = new Map<string, Claim>();
  const problems: Problem[] = [];
  const leftOut = new Map<string, PortView>();
  for (const target of policy.spec.targetRefs) {
    const found = findTarget(policy, target, services);
    problems.push(...found.problems);
    for (const port of found.leftOut) leftOut.set(port.key, port);
    for (const port of found.ports) {
      const isSpecific = target.port !== undefined || claims.get(port.key)?.isSpecific === true;
      claims.set(port.key, { policy, port: port.key, isSpecific });
    }
  }
  return { claims: [...claims.values()], problems, leftOut: [...leftOut.values()] };
}

function findTarget(policy: TrafficPolicy, target: Target, services: ServiceViews): Found {
  const key = serviceKey(policy.metadata.namespace ?? '', target.name);
  const view = services.byKey.get(key);
  if (view === undefined) {
    return refused(reason.targetNotFound, `Service ${key} does not exist: create it, or correct targetRefs.`);
  }
  const ports =
    target.port === undefined ? view.ports : view.ports.filter(({ port }) => port === target.port);
  if (ports.length === 0) return refused(reason.targetNotFound, noSuchPort(view, target));
  if (policy.spec.routes.length === 0) return { ports, problems: [], leftOut: [] };

  const http = ports.filter(({ protocol }) => protocol === 'HTTP');
  const tcp = ports.filter(({ protocol }) => protocol === 'TCP');
  if (http.length > 0) return { ports: http, problems: [], leftOut: tcp };
  const numbers = listed(tcp.map(({ port }) => String(port)));
  const message = `Port ${numbers} of Service ${key} is TCP and routes need HTTP: set appProtocol: http on the port of the Service if it speaks HTTP, else remove routes.`;
  return refused(reason.unsupportedValue, message);
}

function refused(why: Problem['reason'], message: string): Found {
  return { ports: [], problems: [{ reason: why, message }], leftOut: [] };
}

function noSuchPort(view: ServiceView, target: Target): string {
  const present = listed(view.ports.map(({ port }) => String(port)));
  if (present === '') return `Service ${view.key} has no TCP port: add one, or correct targetRefs.`;
  return `Service ${view.key} has no TCP port ${target.port}: name one of its ports (${present}) in targetRefs, or leave port out.`;
}
