// Who decides the mutual TLS mode where several SecurityPolicies want to, and what became of each of them.
import type { SecurityPolicy } from '../../../../api/v1alpha1/security/policy.ts';
import { compareText } from '../../../values/compare-text.ts';
import { append } from '../../../values/labels.ts';
import { type Claim, decide, type Decisions, type Level, type Outcome, outcomesOf } from '../contest.ts';
import { type Attachment, holdsAt, type SecurityAttachments } from './attach.ts';
import { wishOf } from './mtls-wishes.ts';
import { portsWithMode } from './rule-ports.ts';
import { levelOf, type TargetLevel, targetsOf } from './targets.ts';

type Place = readonly [place: string, decisions: Decisions<SecurityPolicy>];
type Wish = Pick<Attachment, 'policy' | 'level' | 'ports'>;

const slot = 'mtls.mode';
/** Pods and their ports are too many to be named, but for those that policies name. */
const samePorts = 'the same ports';
const otherPorts = 'the other ports';

/** Of the policies that have a mutual TLS mode. */
export function mtlsOutcomes({
  byWorkload,
  policies,
}: SecurityAttachments): ReadonlyMap<SecurityPolicy, Outcome<SecurityPolicy>> {
  const wishes = policies.filter(({ spec }) => spec.mtls !== undefined);
  if (wishes.length === 0) return new Map();
  const byWorkloads = outcomesOf(inOrder([...byWorkload.values()].flatMap(placesOf)));
  return new Map([...outcomesOf(placesByTarget(wishes)), ...byWorkloads]);
}

/** Ports come in their order, whichever workload is looked at first. Those of one name follow each other, so that it is told once. */
function inOrder(places: readonly Place[]): readonly Place[] {
  const byPlace = [...Map.groupBy(places, ([place]) => place)];
  return byPlace
    .toSorted(([a], [b]) => portIn(a) - portIn(b) || compareText(a, b))
    .flatMap(([, same]) => same);
}

/** Infinity: those that nobody names. */
function portIn(place: string): number {
  return Number(/\d+$/.exec(place)?.[0] ?? Infinity);
}

/** A workload has a place for each port that a policy names, and one for all others. attached: as in byWorkload. */
function placesOf(attached: readonly Wish[]): readonly Place[] {
  const wishes = attached.filter(({ policy }) => policy.spec.mtls !== undefined);
  const named = new Set(wishes.flatMap(({ policy }) => portsWithMode(policy)));
  const all = new Set<number | null>([...named, ...wishes.flatMap(({ ports }) => [...(ports ?? [null])])]);
  const others = named.size === 0 ? samePorts : otherPorts;
  return [...all].map((port) => {
    const claims = wishes.filter((wish) => holdsAt(wish, port)).flatMap((wish) => claimAt(wish, port));
    return [port !== null && named.has(port) ? `port ${port}` : others, decide(claims)];
  });
}

const portLevels: Readonly<Record<TargetLevel, Level>> = {
  Mesh: 'PortOfMesh',
  Namespace: 'PortOfNamespace',
  Service: 'PortOfService',
  Workload: 'PortOfWorkload',
};

/** port null: the ports that nobody names. */
function claimAt({ policy, level }: Wish, port: number | null): readonly Claim<SecurityPolicy>[] {
  const wish = wishOf(policy, port);
  if (wish === null) return [];
  return [{ slot, level: wish.isOfPort ? portLevels[level] : level, policy }];
}

/** Where no workload tells yet. policies: oldest first. */
function placesByTarget(policies: readonly SecurityPolicy[]): readonly Place[] {
  const byTarget = new Map<string, Wish[]>();
  for (const policy of policies) {
    for (const { kind, name } of targetsOf(policy)) {
      const target = `${kind}/${policy.metadata.namespace ?? ''}/${name}`;
      append(byTarget, target, { policy, level: levelOf[kind], ports: null });
    }
  }
  return [...byTarget.values()].flatMap(placesOf);
}
