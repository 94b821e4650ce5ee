// Which service ports the targetRefs of TrafficPolicies reach, and at which level.
import type { TrafficPolicy } from '../../../../api/v1alpha1/traffic/policy.ts';
import { reason } from '../../../conditions/conditions.ts';
import { compareText } from '../../../values/compare-text.ts';
import { append } from '../../../values/labels.ts';
import { rememberEach } from '../../../values/remember.ts';
import { compareAge } from '../../facts/precedence.ts';
import { type PortView, serviceKey, type ServiceView, type ServiceViews } from '../../facts/service-view.ts';
import { listed, type Problem } from '../../facts/verdicts.ts';
import { compareLevels, isOfConsumer, type Level } from '../contest.ts';
import { memoryBudget, memoryPerPort, overBudget } from './sidecar-memory.ts';
import { idleFields, idleSentences, limitedFields, worksOn } from './protocols.ts';

/** A policy at one service port. */
export interface Attachment {
  readonly policy: TrafficPolicy;
  /** The strongest of its targets that reach the port. */
  readonly level: Level;
  readonly port: PortView;
}

export interface PolicyTargets {
  /** Targets it cannot have. */
  readonly problems: readonly Problem[];
  /** Ports of its targets where it can have no effect, or only a part of it can. */
  readonly leftOut: readonly PortView[];
  /** Keys of workloads without a sidecar, sorted: nothing limits what they are sent. Empty for a policy without limits. */
  readonly unlimited: readonly string[];
}

export interface TrafficTargets {
  /** Key of a service port → the policies that reach it, the older first. */
  readonly byPort: ReadonlyMap<string, readonly Attachment[]>;
  /** Oldest first. */
  readonly byPolicy: ReadonlyMap<TrafficPolicy, PolicyTargets>;
}

type Target = TrafficPolicy['spec']['targetRefs'][number];

/** Where policies stand that are for everyone. */
export interface Scope {
  /** Name of the Mesh in force. */
  readonly mesh: string;
  /** The operator's own namespace: whoever writes there could change everything anyway. */
  readonly operatorNamespace: string;
}

export function findTargets(
  policies: readonly TrafficPolicy[],
  services: ServiceViews,
  scope: Scope,
): TrafficTargets {
  const byPort = new Map<string, Attachment[]>();
  const byPolicy = new Map<TrafficPolicy, PolicyTargets>();
  const budgets = createBudgets(services);
  for (const policy of policies.toSorted(compareAge)) {
    const { targets, ports } = reachOf(policy, services, scope);
    const problem = budgets.take(policy, ports.length);
    byPolicy.set(policy, problem === null ? targets : { ...noTargets, problems: [problem] });
    if (problem !== null) continue;
    for (const [port, attachment] of ports) append(byPort, port, attachment);
  }
  return { byPort, byPolicy };
}

const noTargets = { leftOut: [], unlimited: [] };

/** Of namespaces: the older policies come first. */
function createBudgets(services: ServiceViews): {
  take(policy: TrafficPolicy, ports: number): Problem | null;
} {
  const counts = new Map<string, number>();
  for (const { namespace } of services.all) counts.set(namespace, (counts.get(namespace) ?? 0) + 1);
  const taken = new Map<string, number>();
  return {
    take(policy, ports) {
      const namespace = namespaceOf(policy);
      const needed = (taken.get(namespace) ?? 0) + ports * memoryPerPort(policy);
      const count = counts.get(namespace) ?? 0;
      if (needed > memoryBudget(count))
        return { reason: reason.unsupportedValue, message: overBudget(namespace, needed, count) };
      taken.set(namespace, needed);
      return null;
    },
  };
}

interface Reach {
  readonly targets: PolicyTargets;
  /** By the key of the service port. */
  readonly ports: readonly (readonly [string, Attachment])[];
}

const reachOf = rememberEach((policy: TrafficPolicy, services: ServiceViews, scope: Scope): Reach => {
  const found = policy.spec.targetRefs.map((target) => find[target.kind](policy, target, services, scope));
  const leftOut = new Map(found.flatMap((one) => one.leftOut.map((port) => [port.key, port])));
  return {
    targets: {
      problems: found.flatMap(({ problems }) => problems),
      leftOut: [...leftOut.values()],
      unlimited: limitedFields(policy).length === 0 ? [] : unlimited(found.flatMap(({ ports }) => ports)),
    },
    ports: [...strongestByPort(found)].map(([port, at]) => [port, { policy, ...at }]),
  };
});

function unlimited(ports: readonly PortView[]): readonly string[] {
  const servers = ports
    .filter(({ protocol }) => protocol === 'HTTP')
    .flatMap(({ targets }) => targets.map(({ workload }) => workload));
  const bare = servers.filter(({ meshed, isRunnable }) => meshed === null && isRunnable);
  return [...new Set(bare.map(({ key }) => key))].toSorted(compareText);
}

/** What one target comes to. */
interface Found {
  readonly level: Level;
  readonly ports: readonly PortView[];
  readonly problems: readonly Problem[];
  readonly leftOut: readonly PortView[];
}

function strongestByPort(found: readonly Found[]): ReadonlyMap<string, Omit<Attachment, 'policy'>> {
  const strongest = new Map<string, Omit<Attachment, 'policy'>>();
  for (const { level, ports } of found) {
    for (const port of ports) {
      const other = strongest.get(port.key);
      if (other === undefined || compareLevels(level, other.level) > 0)
        strongest.set(port.key, { level, port });
    }
  }
  return strongest;
}

type Find = (policy: TrafficPolicy, target: Target, services: ServiceViews, scope: Scope) => Found;

const find: Readonly<Record<Target['kind'], Find>> = {
  Service: findService,
  Namespace: findNamespace,
  Mesh: findMesh,
};

function findService(policy: TrafficPolicy, target: Target, services: ServiceViews): Found {
  const level = levelOf(policy, target);
  const key = serviceKey(target.namespace ?? namespaceOf(policy), target.name);
  const view = services.byKey.get(key);
  if (view === undefined) {
    const message = `Service ${key} does not exist. Create it, or fix targetRefs.`;
    return refused(level, reason.targetNotFound, message);
  }
  const ports =
    target.port === undefined ? view.ports : view.ports.filter(({ port }) => port === target.port);
  if (ports.length === 0) return refused(level, reason.targetNotFound, noSuchPort(view, target));
  const working = ports.filter((port) => worksOn(policy, port));
  const leftOut = ports.filter((port) => idleFields(policy, port).length > 0);
  if (working.length > 0) return { level, ports: working, problems: [], leftOut };
  return refused(level, reason.unsupportedValue, idleSentences(policy, ports).join(' '));
}

/** A policy of another namespace than the Service is one of consumers. */
function levelOf(policy: TrafficPolicy, { namespace, port }: Target): Level {
  const isConsumer = namespace !== undefined && namespace !== namespaceOf(policy);
  if (isConsumer) return port === undefined ? 'Consumer' : 'ConsumerPort';
  return port === undefined ? 'Service' : 'Port';
}

/** The namespace whose callers it holds for; null: it holds for all callers. */
export function consumersOf({ policy, level }: Pick<Attachment, 'policy' | 'level'>): string | null {
  return isOfConsumer(level) ? namespaceOf(policy) : null;
}

function findNamespace(policy: TrafficPolicy, { name }: Target, services: ServiceViews): Found {
  const own = namespaceOf(policy);
  if (name !== own) {
    const message = `A policy can only target its own namespace, ${own}. Create it in namespace ${name}, or change targetRefs.`;
    return refused('Namespace', reason.unsupportedValue, message);
  }
  return everyPort(
    policy,
    'Namespace',
    services.all.filter(({ namespace }) => namespace === own),
  );
}

function findMesh(
  policy: TrafficPolicy,
  { name }: Target,
  services: ServiceViews,
  { mesh, operatorNamespace }: Scope,
): Found {
  if (namespaceOf(policy) !== operatorNamespace) {
    const message = `Only a policy in namespace ${operatorNamespace} can target the Mesh, because it changes the traffic of all namespaces. Create it there, or target Namespace ${namespaceOf(policy)}.`;
    return refused('Mesh', reason.unsupportedValue, message);
  }
  if (name !== mesh) {
    const message = `Mesh ${name} is not in force. Fix targetRefs to name Mesh ${mesh}.`;
    return refused('Mesh', reason.targetNotFound, message);
  }
  return everyPort(policy, 'Mesh', services.all);
}

/** TCP ports are no mistake there: whoever writes a default does not speak of each port. */
function everyPort(policy: TrafficPolicy, level: Level, services: readonly ServiceView[]): Found {
  const all = services.flatMap(({ ports }) => ports);
  return { level, ports: all.filter((port) => worksOn(policy, port)), problems: [], leftOut: [] };
}

function namespaceOf({ metadata }: TrafficPolicy): string {
  return metadata.namespace ?? '';
}

function refused(level: Level, why: Problem['reason'], message: string): Found {
  return { level, ports: [], problems: [{ reason: why, message }], leftOut: [] };
}

function noSuchPort(view: ServiceView, target: Target): string {
  const present = listed(view.ports.map(({ port }) => String(port)));
  if (present === '') return `Service ${view.key} has no TCP port. Add one, or fix targetRefs.`;
  return `Service ${view.key} has no TCP port ${target.port}. Use one of its ports (${present}) in targetRefs, or omit port.`;
}
