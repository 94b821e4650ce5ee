// What is in effect at each service port, of all that policies say about calls to it, and what became of each policy.
import type { Mesh } from '../../../../api/v1alpha1/mesh.ts';
import type { TrafficPolicy } from '../../../../api/v1alpha1/traffic/policy.ts';
import { rememberByKey, rememberLast } from '../../../values/remember.ts';
import { originOf } from '../../facts/origins.ts';
import { byText, compareText } from '../../../values/compare-text.ts';
import type { ServiceViews } from '../../facts/service-view.ts';
import {
  type Claim,
  decide,
  type Decisions,
  isOfConsumer,
  type Level,
  type Outcome,
  outcomesOf,
} from '../contest.ts';
import type { LimitsIr } from '../../../ir/inbound.ts';
import { chosen, type Settings } from '../setting.ts';
import { callersIn } from './audiences.ts';
import type { RoutingClaim } from './claims.ts';
import { connectionRoutesAt } from './connection-routes.ts';
import { tcpSettings } from './destination/destination.ts';
import { limitsAt } from './limits.ts';
import { meshLevel, type Untouched } from './mesh-level.ts';
import type { Effect, PortTraffic } from './resolve.ts';
import { isSetting, type PortSettings } from './settings.ts';
import { type Attachment, consumersOf, findTargets, type PolicyTargets, type Scope } from './targets.ts';
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
      outcomes: outcomesOf(decided.flatMap(([, { decisions }]) => decisions)),
      targets: targets.byPolicy,
    };
  });
}

interface DecidedPort {
  /** By the name that users know the place by. */
  readonly decisions: readonly (readonly [place: string, decisions: Decisions<TrafficPolicy>])[];
  readonly traffic: PortTraffic;
  readonly limited: LimitedPort | null;
}

interface LimitedPort {
  readonly port: string;
  readonly limits: LimitsIr;
}

const routingSlot = 'routes and subsets';

function decidePort(port: string, attached: readonly Attachment[], untouched: Untouched): DecidedPort {
  const usual = untouched[attached[0]?.port.protocol ?? 'TCP'].settings;
  const everybody = decideFor(
    attached.filter((one) => consumersOf(one) === null),
    usual,
  );
  const namespaces = [...new Set(attached.flatMap((one) => consumersOf(one) ?? []))].toSorted(compareText);
  const consumers = namespaces.map((namespace) => {
    const theirs = attached.filter((one) => (consumersOf(one) ?? namespace) === namespace);
    return { namespace, callers: callersIn(namespace), ...decideFor(theirs, usual) };
  });
  const limits = limitsAt(serviceOf(port), everybody.decisions, (policy) => claimsOf(policy).limits);
  return {
    decisions: [
      [port, everybody.decisions],
      ...consumers.map(({ namespace, decisions }) => {
        return [`${port} (callers in namespace ${namespace})`, ofConsumers(decisions)] as const;
      }),
    ],
    traffic: {
      ...everybody.effect,
      limits,
      consumers: consumers.map(({ effect, ...who }) => ({ ...who, ...effect })),
    },
    limited: limits === null ? null : { port, limits },
  };
}

/** `shop/reviews` of the key `shop/reviews/80`. */
function serviceOf(port: string): string {
  return port.slice(0, port.lastIndexOf('/'));
}

/** What others decide for them is decided, and told, where it is decided for everybody. */
function ofConsumers(decisions: Decisions<TrafficPolicy>): Decisions<TrafficPolicy> {
  return new Map([...decisions].filter(([, [winner]]) => winner !== undefined && isOfConsumer(winner.level)));
}

interface Decided {
  readonly decisions: Decisions<TrafficPolicy>;
  readonly effect: Effect;
}

/** For callers that all obey the same policies. */
function decideFor(attached: readonly Attachment[], usual: Settings<PortSettings>): Decided {
  const claims = attached.flatMap((attachment) => {
    const { policy, level } = attachment;
    return slotsAt(attachment).map((slot) => ({ slot, level, policy }));
  });
  const author = decide(claims).get(routingSlot)?.[0];
  const isTcp = attached[0]?.port.protocol === 'TCP';
  const decisions = decide(author === undefined || isTcp ? claims : [...claims, ...routesClaims(author)]);
  const routing = author === undefined ? null : routingOf(author, decisions);
  return { decisions, effect: { routing, settings: settingsAt(decisions, usual) } };
}

/** Of a Namespace and the Mesh there are settings only: routes are for one service. */
function slotsAt({ policy, level, port }: Attachment): readonly string[] {
  const { routing, settings, limits } = claimsOf(policy);
  const isTcp = port.protocol === 'TCP';
  const isWide = level === 'Namespace' || level === 'Mesh';
  return [
    ...(routing !== null && !isWide && routesAt(routing, port) ? [routingSlot] : []),
    ...Object.keys(isTcp ? tcpSettings(settings) : settings),
    // Of consumers there are none: they hold for all callers.
    ...(isTcp || isOfConsumer(level) ? [] : Object.keys(limits)),
  ];
}

/** It has routes for such a port, or mere subsets, for those that come later. */
function routesAt(routing: RoutingClaim, port: Attachment['port']): boolean {
  const own = port.protocol === 'HTTP' ? routing.routes : connectionRoutesAt(routing, port);
  return own.length > 0 || routing.routes.length + routing.connectionRoutes.length === 0;
}

/** What every route says itself leaves nothing to decide, if no request passes them by. */
function routesClaims({ policy, level }: Claim<TrafficPolicy>): readonly Claim<TrafficPolicy>[] {
  const { routes = [] } = claimsOf(policy).routing ?? {};
  const [first] = routes;
  if (first === undefined || routes.at(-1)?.matches !== 'any') return [];
  return Object.keys(first.settings)
    .filter((slot) => routes.every(({ settings }) => Object.hasOwn(settings, slot)))
    .map((slot) => ({ slot, level: isOfConsumer(level) ? 'ConsumerRoute' : 'Route', policy }));
}

function routingOf(author: Claim<TrafficPolicy>, decisions: Decisions<TrafficPolicy>): Effect['routing'] {
  const value = claimsOf(author.policy).routing;
  if (value === null) return null;
  const consumer = consumersOf(author);
  const yielding = consumer === null ? [...ofConsumers(decisions).keys()] : [];
  return { value: withoutSettings(value, yielding), origin: originOf(author.policy), consumer };
}

/** Consumer policies come before what the routes of others say themselves. */
function withoutSettings(routing: RoutingClaim, slots: readonly string[]): RoutingClaim {
  if (slots.length === 0) return routing;
  const routes = routing.routes.map((route) => {
    return { ...route, settings: chosen(route.settings, (slot) => !slots.includes(slot)) };
  });
  return { ...routing, routes };
}

function isOfRoutes(level: Level): boolean {
  return level === 'Route' || level === 'ConsumerRoute';
}

function settingsAt(
  decisions: Decisions<TrafficPolicy>,
  usual: Settings<PortSettings>,
): Settings<PortSettings> {
  let settings = usual;
  for (const [slot, [winner]] of decisions) {
    // Routes bring what they say themselves along.
    if (!isSetting(slot) || winner === undefined || isOfRoutes(winner.level)) continue;
    const value = claimsOf(winner.policy).settings[slot];
    settings = { ...settings, [slot]: { value, origin: originOf(winner.policy) } };
  }
  return settings;
}
