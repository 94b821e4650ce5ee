// What is in effect at each service port, of all that policies say about calls to it, and what became of each policy.
import type { Mesh } from '../../../../api/v1alpha1/mesh.ts';
import type { TrafficPolicy } from '../../../../api/v1alpha1/traffic/policy.ts';
import { rememberByKey, rememberLast } from '../../../values/remember.ts';
import { originOf } from '../../facts/origins.ts';
import { byText } from '../../../values/compare-text.ts';
import type { ServiceViews } from '../../facts/service-view.ts';
import { type Claim, decide, type Decisions, type Outcome, outcomesOf } from '../contest.ts';
import type { LimitsIr } from '../../../ir/inbound.ts';
import type { Settings } from '../setting.ts';
import type { RoutingClaim } from './claims.ts';
import { connectionRoutesAt } from './connection-routes.ts';
import { tcpSettings } from './destination/destination.ts';
import { limitsAt } from './limits.ts';
import { meshLevel, type Untouched } from './mesh-level.ts';
import type { PortTraffic } from './resolve.ts';
import { isSetting, type PortSettings } from './settings.ts';
import { type Attachment, findTargets, type PolicyTargets, type Scope } from './targets.ts';
import { claimsOf } from './traffic-policy.ts';

export interface Traffic {
  /** Key of a service port → what is in effect there; absent: no policy says anything. */
  readonly byPort: ReadonlyMap<string, PortTraffic>;
  readonly untouched: Untouched;
  /** Key of a service port → what is too much for its servers. The same map while no limit changes. */
  readonly limits: LimitsByPort;
  readonly outcomes: ReadonlyMap<TrafficPolicy, Outcome<TrafficPolicy>>;
  /** Oldest first. */
  readonly targets: ReadonlyMap<TrafficPolicy, PolicyTargets>;
}

export type LimitsByPort = ReadonlyMap<string, LimitsIr>;

export type TrafficMaker = (
  policies: readonly TrafficPolicy[],
  services: ServiceViews,
  mesh: Mesh,
) => Traffic;

/** What is in effect at a port stays the same object while the policies that reach it do. */
export function createTrafficMaker(operatorNamespace: string): TrafficMaker {
  const memory = rememberByKey<DecidedPort>();
  const limitsByPort = rememberLast(
    (...limited: readonly LimitedPort[]): LimitsByPort =>
      new Map(limited.map(({ port, limits }) => [port, limits])),
  );
  const level = rememberLast(meshLevel);
  const scopeOf = rememberLast((mesh: string): Scope => ({ mesh, operatorNamespace }));
  return rememberLast((policies, services, mesh) => {
    const untouched = level(mesh);
    const targets = findTargets(policies, services, scopeOf(mesh.metadata.name));
    const decided = [...targets.byPort].toSorted(byText(([port]) => port)).map(([port, attached]) => {
      const inputs = attached.flatMap((one) => [one.policy, one.level, one.port.protocol, one.port.tls]);
      return [
        port,
        memory.get(port, [untouched, ...inputs], () => decidePort(port, attached, untouched)),
      ] as const;
    });
    memory.sweep();
    return {
      byPort: new Map(decided.map(([port, { traffic }]) => [port, traffic])),
      untouched,
      limits: limitsByPort(...decided.flatMap(([, { limited }]) => limited ?? [])),
      outcomes: outcomesOf(decided.map(([port, { decisions }]) => [port, decisions])),
      targets: targets.byPolicy,
    };
  });
}

interface DecidedPort {
  readonly decisions: Decisions<TrafficPolicy>;
  readonly traffic: PortTraffic;
  readonly limited: LimitedPort | null;
}

interface LimitedPort {
  readonly port: string;
  readonly limits: LimitsIr;
}

const routingSlot = 'routes and subsets';

function decidePort(port: string, attached: readonly Attachment[], untouched: Untouched): DecidedPort {
  const protocol = attached[0]?.port.protocol ?? 'TCP';
  const usual = untouched[protocol].settings;
  const claims = attached.flatMap((attachment) => {
    const { policy, level } = attachment;
    return slotsAt(attachment).map((slot) => ({ slot, level, policy }));
  });
  const author = decide(claims).get(routingSlot)?.[0]?.policy;
  const decisions = decide(
    author === undefined || protocol === 'TCP' ? claims : [...claims, ...routesClaims(author)],
  );
  const limits = limitsAt(decisions, (policy) => claimsOf(policy).limits);
  return {
    decisions,
    traffic: { routing: routingOf(author), settings: settingsAt(decisions, usual), limits },
    limited: limits === null ? null : { port, limits },
  };
}

/** Of a Namespace and the Mesh there are settings only: routes are for one service. */
function slotsAt({ policy, level, port }: Attachment): readonly string[] {
  const { routing, settings, limits } = claimsOf(policy);
  const isTcp = port.protocol === 'TCP';
  const isWide = level === 'Namespace' || level === 'Mesh';
  return [
    ...(routing !== null && !isWide && routesAt(routing, port) ? [routingSlot] : []),
    ...Object.keys(isTcp ? tcpSettings(settings) : settings),
    ...(isTcp ? [] : Object.keys(limits)),
  ];
}

/** It has routes for such a port, or mere subsets, for those that come later. */
function routesAt(routing: RoutingClaim, port: Attachment['port']): boolean {
  const own = port.protocol === 'HTTP' ? routing.routes : connectionRoutesAt(routing, port);
  return own.length > 0 || routing.routes.length + routing.connectionRoutes.length === 0;
}

/** What every route says itself leaves nothing to decide, if no request passes them by. */
function routesClaims(author: TrafficPolicy): readonly Claim<TrafficPolicy>[] {
  const { routes = [] } = claimsOf(author).routing ?? {};
  const [first] = routes;
  if (first === undefined || routes.at(-1)?.matches !== 'any') return [];
  return Object.keys(first.settings)
    .filter((slot) => routes.every(({ settings }) => Object.hasOwn(settings, slot)))
    .map((slot) => ({ slot, level: 'Route', policy: author }));
}

function routingOf(author: TrafficPolicy | undefined): PortTraffic['routing'] {
  const value: RoutingClaim | null | undefined = author && claimsOf(author).routing;
  return author === undefined || value === null || value === undefined
    ? null
    : { value, origin: originOf(author) };
}

function settingsAt(
  decisions: Decisions<TrafficPolicy>,
  usual: Settings<PortSettings>,
): Settings<PortSettings> {
  let settings = usual;
  for (const [slot, [winner]] of decisions) {
    // Routes bring what they say themselves along.
    if (!isSetting(slot) || winner === undefined || winner.level === 'Route') continue;
    const value = claimsOf(winner.policy).settings[slot];
    settings = { ...settings, [slot]: { value, origin: originOf(winner.policy) } };
  }
  return settings;
}
