// Where `locality` is written and cannot have its effect, since zones are not known or nobody is there.
import type { LocalityIr } from '../../../ir/destination.ts';
import type { MeshIr, WorkloadIr } from '../../../ir/mesh-ir.ts';
import { originKey } from '../../../ir/origin.ts';
import type { ServicePortIr } from '../../../ir/service.ts';
import { compareText } from '../../../values/compare-text.ts';
import { rememberEach } from '../../../values/remember.ts';
import { isSameValue } from '../../../values/same-value.ts';
import { reason } from '../../../conditions/conditions.ts';
import { listed, type Problem } from '../../facts/verdicts.ts';
import type { PortTraffic } from './resolve.ts';
import type { Warnings } from './warnings.ts';
import type { Traffic } from './traffic.ts';

type Said = Pick<Traffic, 'byPort' | 'untouched'>;

/** Whether zones make a difference for any service. */
export function asksForZones({ byPort, untouched }: Said): boolean {
  return [...byPort.values(), untouched.HTTP, untouched.TCP].some((traffic) =>
    [traffic, ...traffic.consumers].some(({ settings }) => settings.locality.value !== null),
  );
}

export type LocalityWarner = (
  traffic: Said,
  services: MeshIr['services'],
  workloads: MeshIr['workloads'],
) => Warnings;

const areAsked = rememberEach(asksForZones);

/** What is said of an object is the same as in the batch before while it says the same. */
export function createLocalityWarner(): LocalityWarner {
  let last: Warnings = {};
  return (traffic, services, workloads) => {
    const found: Record<string, readonly Problem[]> = {};
    const asked = areAsked(traffic);
    const unknown = asked ? callersAnywhere(workloads) : [];
    for (const [key, reach] of asked ? reachesOf(traffic, services) : []) {
      const warnings = [...aboutEndpoints(reach), ...aboutCallers(reach, unknown)].map((message) => ({
        reason: reason.localityWithoutEffect,
        message,
      }));
      if (warnings.length === 0) continue;
      const known = last[key];
      found[key] = known !== undefined && isSameValue(known, warnings) ? known : warnings;
    }
    last = isSameItems(last, found) ? last : found;
    return last;
  };
}

/** Where what an object says of zones is in effect. */
interface Reach {
  readonly locality: LocalityIr;
  readonly services: Set<ServicePortIr>;
  /** By the namespace of the caller: it holds if one of them does. */
  readonly callers: Set<Callers>;
}

type Callers = (namespace: string) => boolean;
const anybody: Callers = () => true;

function reachesOf({ byPort, untouched }: Said, services: MeshIr['services']): ReadonlyMap<string, Reach> {
  const reaches = new Map<string, Reach>();
  for (const service of services)
    for (const [callers, { locality }] of settingsByCallers(
      byPort.get(service.key) ?? untouched[service.protocol],
    )) {
      const { value, origin } = locality;
      if (value === null || origin === null) continue;
      const key = originKey(origin);
      const reach = reaches.get(key) ?? { locality: value, services: new Set(), callers: new Set() };
      reach.services.add(service);
      reach.callers.add(callers);
      reaches.set(key, reach);
    }
  return reaches;
}

function settingsByCallers({
  consumers,
  settings,
}: PortTraffic): readonly (readonly [Callers, PortTraffic['settings']])[] {
  if (consumers.length === 0) return [[anybody, settings]];
  const namespaces = new Set(consumers.map(({ namespace }) => namespace));
  return [
    [(one) => !namespaces.has(one), settings],
    ...consumers.map((theirs) => [(one: string) => one === theirs.namespace, theirs.settings] as const),
  ];
}

/** An object for many services is as it is meant if it has an effect on some of them. */
function aboutEndpoints({ locality, services: all }: Reach): readonly string[] {
  const services = [...all];
  const chosen = services.filter(
    ({ headless, subsets, consumers }) =>
      !headless || subsets.length > 0 || consumers.some((theirs) => theirs.subsets.length > 0),
  );
  if (chosen.length === 0)
    return [
      `locality has no effect on calls to ${namesOf(services)}, because callers of a headless Service choose the endpoint themselves.`,
    ];
  const served = chosen.filter(({ endpoints }) => endpoints.length > 0);
  const nowhere = served.filter((service) => zonesOf(service).length === 0);
  const present = new Set(served.flatMap((service) => zonesOf(service)));
  const missing = namedBy(locality).filter((zone) => !present.has(zone));
  return [
    ...(nowhere.length === 0
      ? []
      : [
          `locality has no effect on calls to ${namesOf(nowhere)}, because the zones of the endpoints are not known. Label their Nodes or ExternalWorkloads with topology.kubernetes.io/zone.`,
        ]),
    ...(missing.length === 0 || present.size === 0
      ? []
      : [
          `No endpoint is in zone ${listed(missing)}; the endpoints are in ${listed([...present].toSorted(compareText))}. Fix the name of the zone, or start endpoints there.`,
        ]),
  ];
}

function namesOf(services: readonly ServicePortIr[]): string {
  return listed(services.map(({ key }) => key));
}

/** Sorted. */
const zonesOf = rememberEach(({ endpoints }: ServicePortIr): readonly string[] =>
  [...new Set(endpoints.flatMap(({ zone }) => zone ?? []))].toSorted(compareText),
);

/** The zones that are to get requests. Sorted. */
function namedBy(locality: LocalityIr): readonly string[] {
  const zones =
    locality.type === 'Failover'
      ? locality.order.flatMap(({ to }) => to)
      : locality.shares.flatMap(({ to }) => to.map(({ zone }) => zone));
  return [...new Set(zones)].toSorted(compareText);
}

function aboutCallers({ locality, callers }: Reach, unknown: readonly Caller[]): readonly string[] {
  const holdsAnyway = locality.type === 'Weighted' && locality.shares.some(({ from }) => from === null);
  if (holdsAnyway) return [];
  const theirs = callers.has(anybody)
    ? unknown
    : unknown.filter(({ namespace }) => [...callers].some((hold) => hold(namespace)));
  if (theirs.length === 0) return [];
  const names = listed(theirs.map(({ namespace, name }) => `${namespace}/${name}`));
  return [
    `locality has no effect on calls from ${names}, because the zones of these workloads are not known. Label them or their Nodes with topology.kubernetes.io/zone.`,
  ];
}

type Caller = Pick<WorkloadIr, 'namespace' | 'name'>;

/** Those whose zone is not known. */
const callersAnywhere = rememberEach((workloads: MeshIr['workloads']): readonly Caller[] =>
  workloads.filter(({ zone }) => zone === null),
);

function isSameItems(a: Warnings, b: Warnings): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}
