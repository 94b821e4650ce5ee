// A mesh for policies made at random: as many services as a batch has policies, a few workloads with sidecars behind
// them, and the policies themselves, as a user would write them, at the bounds of what is valid or spoilt.
// Entry: meshDocuments, validPolicy, spoiltPolicy. It knows neither the operator nor Envoy.
import * as fc from 'fast-check';
import { admit } from '../../api/admission.ts';
import { apiVersion } from '../../api/v1alpha1/common.ts';
import { securityPolicySpec, trafficPolicySpec } from './arbitraries.ts';
import { hostileValues, wideValues } from './random-mesh/values.ts';

export interface PolicyDocument {
  readonly apiVersion: string;
  readonly kind: 'TrafficPolicy' | 'SecurityPolicy';
  readonly metadata: { readonly namespace: string; readonly name: string };
  readonly spec: unknown;
}

/** Where a policy stands in its batch: each has a service of its own, which it targets most of the time. */
export interface Slot {
  readonly kind: PolicyDocument['kind'];
  readonly name: string;
  readonly service: string;
}

export interface OtherService {
  readonly name: string;
  readonly applicationPort: number;
  readonly bindPort: number;
}

export const namespace = 'shop';
/** Without policies. */
const otherNamespace = 'elsewhere';
export const trustDomain = 'random.test';
/** Workloads that answer; `caller`, which calls, has a sidecar, too. */
export const servers = ['productpage', 'reviews', 'ratings'] as const;

export function serviceOf(slot: number): string {
  return `slot-${slot}`;
}

/**
 * The documents of the mesh. Every fifth service is TCP; the services that the arbitraries draw their targets from are
 * there, too, `details` without endpoints.
 * @param takePort a free port of 127.0.0.1, asked for `portsNeeded(slots)` times
 * @param others Services in a namespace without policies → the port of their application, and where `caller` calls them
 */
export function meshDocuments(
  slots: number,
  takePort: () => number,
  others: readonly OtherService[] = [],
): object[] {
  const services = Array.from({ length: slots }, (_, slot) => serviceOf(slot));
  const answering = servers.map((app, index) => {
    const own = services.filter((_, slot) => slot % servers.length === index);
    return workload(app, {
      ports: [...own, app].map((name) => ({ name, port: takePort(), applicationPort: 1 })),
    });
  });
  const bound = services.slice(0, bindings);
  const outbound = [
    ...bound.map((name) => ({ service: name, port: 80, bindPort: takePort() })),
    ...others.map(({ name, bindPort }) => ({ service: name, namespace: otherNamespace, port: 80, bindPort })),
  ];
  return [
    { apiVersion, kind: 'Mesh', metadata: { name: 'default' }, spec: { trustDomain } },
    ...services.map((name, slot) =>
      service(name, servers[slot % servers.length] ?? '', [slot % 5 === 4 ? 'tcp' : 'http']),
    ),
    ...servers.map((name) => service(name, name, ['http', 'http', 'tcp'])),
    service('details', 'nobody', ['http', 'http']),
    ...answering,
    ...others.flatMap(({ name, applicationPort }) => [
      service(name, name, ['http'], otherNamespace),
      outsider(name, applicationPort),
    ]),
    workload('caller', { outbound }),
  ];
}

const bindings = 3;

export function portsNeeded(slots: number): number {
  return slots + servers.length + bindings;
}

function service(name: string, app: string, protocols: readonly string[], where = namespace): object {
  const numbers = [80, 9080, 8080];
  const ports = protocols.map((appProtocol, at) => ({
    name: `p${at}`,
    port: numbers[at],
    appProtocol,
    targetPort: name,
  }));
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace: where, name },
    spec: { selector: { app }, ports },
  };
}

/** Without a sidecar. */
function outsider(name: string, port: number): object {
  return {
    apiVersion,
    kind: 'ExternalWorkload',
    metadata: { namespace: otherNamespace, name, labels: { app: name } },
    spec: { address: '127.0.0.1', ports: [{ name, port }] },
  };
}

function workload(name: string, more: object): object {
  return {
    apiVersion,
    kind: 'ExternalWorkload',
    metadata: { namespace, name, labels: { app: name, version: 'v1' } },
    spec: { address: '127.0.0.1', serviceAccount: name, ...more },
  };
}

/** A policy that every check of the API accepts, often at the bounds of what they accept. */
export function validPolicy(slot: Slot): fc.Arbitrary<PolicyDocument> {
  const edits = fc.array(fc.tuple(fc.nat(), fc.nat(), fc.nat()), { maxLength: 24 });
  return fc.tuple(basicPolicy(slot), edits).map(([basic, list]) => {
    let policy = basic;
    for (const [where, how, what] of list) {
      const spec = edited(policy.spec, pick(telling(places(policy.spec), how), where), (value, key) =>
        wider(value, key, how, what),
      );
      const next = { ...policy, spec };
      if (admit(next).ok) policy = next;
    }
    return policy;
  });
}

/** A valid one with one or two of its values cut, swapped, taken out, of another type, or hostile. */
export function spoiltPolicy(slot: Slot): fc.Arbitrary<PolicyDocument> {
  const edits = fc.array(fc.tuple(fc.nat(), fc.nat(), fc.nat()), { minLength: 1, maxLength: 2 });
  return fc.tuple(validPolicy(slot), edits).map(([valid, list]) => {
    let spec = valid.spec;
    for (const [where, how, what] of list) {
      spec = edited(spec, pick(places(spec), where), (value) => spoilt(value, how, what));
    }
    return policyOf(valid.kind, valid.metadata.name, spec);
  });
}

/** Two of three target the service of their slot, so that most of a batch is in force at once. */
function basicPolicy({ kind, name, service: own }: Slot): fc.Arbitrary<PolicyDocument> {
  const specs: fc.Arbitrary<object> =
    kind === 'TrafficPolicy' ? trafficPolicySpec() : securityPolicySpec().filter(spares);
  return fc
    .tuple(specs, fc.integer({ min: 0, max: 2 }))
    .map(([spec, at]) =>
      policyOf(
        kind,
        name,
        at === 0 ? spec : Object.assign(spec, { targetRefs: [{ kind: 'Service', name: own }] }),
      ),
    );
}

/** What targets workloads by themselves decides the mode of all of their ports, also where canaries want another one. */
function spares({
  selector,
  targetRefs,
}: {
  readonly selector?: unknown;
  readonly targetRefs: readonly { readonly kind: string }[];
}): boolean {
  return selector === undefined && targetRefs.every(({ kind }) => kind !== 'ExternalWorkload');
}

function policyOf(kind: PolicyDocument['kind'], name: string, spec: unknown): PolicyDocument {
  return { apiVersion, kind, metadata: { namespace, name }, spec };
}

type Key = string | number;
type Path = readonly Key[];

function wider(value: unknown, key: string, how: number, what: number): unknown {
  if (Array.isArray(value) && value.length > 0) {
    const list: readonly unknown[] = value;
    const length = 2 ** (1 + (how % 5));
    return Array.from({ length }, (_, at) => list[at % list.length]);
  }
  const pool = wideValues[key];
  return pool === undefined ? value : pick(pool, what);
}

function spoilt(value: unknown, how: number, what: number): unknown {
  const ways: readonly (() => unknown)[] = [
    () => undefined,
    () => null,
    () => pick(hostileValues, what),
    () => pick(hostileValues, what),
    () => (typeof value === 'string' ? value.slice(0, what % (value.length + 1)) : [value]),
    () => (typeof value === 'string' ? value + (JSON.stringify(pick(hostileValues, what)) ?? '') : { value }),
    () => (typeof value === 'number' ? value + (what % 2 === 0 ? 1 : -1) : JSON.stringify(value)),
    () => (typeof value === 'string' ? value.toUpperCase() : 1.5),
  ];
  return pick(ways, how)();
}

function pick<T>(list: readonly T[], at: number): T {
  const found = list[at % list.length];
  if (found === undefined && list.length === 0) throw new Error('there is nothing to pick from');
  return found as T;
}

/** Everything there is in a value, by path; the value itself if it has nothing in it. */
function places(value: unknown, path: Path = []): readonly Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  const keys: readonly Key[] = Array.isArray(value) ? value.map((_, at) => at) : Object.keys(value);
  const below = keys.flatMap((key) => places(Reflect.get(value, key), [...path, key]));
  return path.length === 0 && below.length > 0 ? below : [path, ...below];
}

/** Every other time only where the values of matches and rules are, of which there are few among many. */
function telling(all: readonly Path[], how: number): readonly Path[] {
  const some = all.filter((path) => path.some((key) => key === 'value' || key === 'type' || key === 'paths'));
  return how % 2 === 0 && some.length > 0 ? some : all;
}

/** A copy in which the value at the path is what `edit` makes of it; undefined takes it out. */
function edited(root: unknown, path: Path, edit: (value: unknown, key: string) => unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined || typeof root !== 'object' || root === null) return edit(root, '');
  const name = path.findLast((part) => typeof part === 'string') ?? '';
  const child: unknown = Reflect.get(root, key);
  const next = rest.length === 0 ? edit(child, name) : edited(child, rest, edit);
  if (Array.isArray(root)) {
    const list: readonly unknown[] = root;
    return next === undefined ? list.filter((_, at) => at !== key) : list.with(Number(key), next);
  }
  const others = Object.entries(root).filter(([other]) => other !== key);
  return Object.fromEntries(next === undefined ? others : [...others, [String(key), next]]);
}
