// Who is meant by what sidecars say of the two ends of a call: a workload key, a SPIFFE ID, an address, the name of a cluster. Pure.
// What nobody of the mesh is called gets no label of its own: a sidecar cannot make up names.
import type { IdentityIr, MeshIr, WorkloadIr } from '../ir/mesh-ir.ts';
import type { ServicePortIr } from '../ir/service.ts';
import type { Pod } from '../objects/objects.ts';
import { rememberEach, rememberLast } from '../values/remember.ts';

export const unknown = 'unknown';

export interface End {
  readonly namespace: string;
  /** The name of a Deployment, StatefulSet, DaemonSet or ExternalWorkload; of other pods that of the application, by their labels. */
  readonly workload: string;
  readonly serviceAccount: string;
}

export interface CalledService {
  readonly namespace: string;
  readonly service: string;
  readonly subset: string;
}

export const unknownEnd: End = { namespace: unknown, workload: unknown, serviceAccount: unknown };
export const unknownService: CalledService = { namespace: unknown, service: unknown, subset: '' };

/** Clusters that are no Service: where calls to hosts outside the mesh go, and those to nowhere. */
const otherClusters = new Set(['passthrough', 'egress', 'blackhole', 'unresolved']);

export interface Known {
  readonly ir: MeshIr | null;
  /** Workload key → `Deployment/reviews`. */
  readonly owners: ReadonlyMap<string, string>;
  readonly pods: readonly Pod[];
}

export interface Ends {
  ofWorkload(key: string): End;
  /** The workload is unknown if several have that service account. */
  ofIdentity(spiffeId: string): End;
  ofAddress(address: string): End;
  /** Which Service has that port of that workload; unknown if none or several have. */
  servedBy(key: string, port: string): CalledService;
  /** Of the name of a cluster: the Service, and who is behind it as far as it is one. */
  called(cluster: string): { readonly service: CalledService; readonly end: End };
}

/** What did not change is not worked out again. */
export function createEnds(known: () => Known): Ends {
  const workloads = rememberLast(workloadsByKey);
  const ids = rememberLast(endsByIdentity);
  const addresses = rememberLast(podsByAddress);
  const served = rememberLast(servedPorts);
  const services = rememberLast(servicesByKey);
  const behind = rememberEach(behindService);
  const none: readonly never[] = [];
  const byIdentity = (): ReadonlyMap<string, End> => {
    const { ir, owners } = known();
    return ids(ir?.workloads ?? none, ir?.identities ?? none, owners);
  };
  return {
    ofWorkload: (key) => {
      const { ir, owners } = known();
      const found = workloads(ir?.workloads ?? none).get(key);
      return found === undefined ? unknownEnd : endOf(found, owners);
    },
    ofIdentity: (spiffeId) => byIdentity().get(spiffeId) ?? unknownEnd,
    ofAddress: (address) => {
      const { pods, owners } = known();
      const pod = addresses(pods).get(address);
      return pod === undefined ? unknownEnd : endOfPod(pod, owners);
    },
    servedBy: (key, port) => {
      const found = served(known().ir?.services ?? none).get(`${key} ${port}`);
      return found ?? unknownService;
    },
    called: (cluster) => {
      if (otherClusters.has(cluster))
        return { service: { ...unknownService, service: cluster }, end: unknownEnd };
      const [namespace = '', service = '', port = '', subset = ''] = cluster.split('/');
      const found = services(known().ir?.services ?? none).get(`${namespace}/${service}/${port}`);
      if (found === undefined) return { service: unknownService, end: unknownEnd };
      const isSubset = found.subsets.some(({ name }) => name === subset);
      const called = { namespace, service, subset: isSubset ? subset : '' };
      return { service: called, end: behind(found, byIdentity(), known().owners) };
    },
  };
}

function workloadsByKey(all: readonly WorkloadIr[]): ReadonlyMap<string, WorkloadIr> {
  return new Map(all.map((it) => [it.key, it]));
}

function servicesByKey(all: readonly ServicePortIr[]): ReadonlyMap<string, ServicePortIr> {
  return new Map(all.map((it) => [it.key, it]));
}

function endOf({ key, namespace, identity }: WorkloadIr, owners: Known['owners']): End {
  return { namespace, workload: workloadName(key, owners), serviceAccount: identity.serviceAccount };
}

function endOfPod({ metadata: { namespace = '', name }, spec }: Pod, owners: Known['owners']): End {
  const workload = workloadName(`Pod/${namespace}/${name}`, owners);
  return { namespace, workload, serviceAccount: spec.serviceAccountName ?? 'default' };
}

function endsByIdentity(
  workloads: readonly WorkloadIr[],
  identities: readonly IdentityIr[],
  owners: Known['owners'],
): ReadonlyMap<string, End> {
  const ends = new Map<string, End>();
  for (const { spiffeId, namespace, serviceAccount } of identities)
    ends.set(spiffeId, { namespace, workload: unknown, serviceAccount });
  const seen = new Map<string, string>();
  for (const workload of workloads) {
    const { spiffeId } = workload.identity;
    const end = endOf(workload, owners);
    const isSame = (seen.get(spiffeId) ?? end.workload) === end.workload;
    seen.set(spiffeId, isSame ? end.workload : unknown);
    ends.set(spiffeId, isSame ? end : { ...end, workload: unknown });
  }
  return ends;
}

/** Not those on the network of a node, whose address is everybody's there. */
function podsByAddress(pods: readonly Pod[]): ReadonlyMap<string, Pod> {
  const found = new Map<string, Pod>();
  for (const pod of pods) {
    const { spec, status } = pod;
    if (spec.hostNetwork === true || status?.phase === 'Succeeded' || status?.phase === 'Failed') continue;
    for (const { ip } of status?.podIPs ?? []) found.set(ip, pod);
  }
  return found;
}

function servedPorts(services: readonly ServicePortIr[]): ReadonlyMap<string, CalledService> {
  const found = new Map<string, CalledService>();
  for (const { namespace, service, endpoints } of services)
    for (const { workload, port } of endpoints) {
      if (workload === '') continue;
      const key = `${workload} ${port}`;
      const other = found.get(key);
      const isOther = other !== undefined && (other.service !== service || other.namespace !== namespace);
      found.set(key, isOther ? unknownService : { namespace, service, subset: '' });
    }
  return found;
}

function behindService(
  { namespace, peerIdentities, endpoints }: ServicePortIr,
  identities: ReadonlyMap<string, End>,
  owners: Known['owners'],
): End {
  const workloads = new Set(endpoints.map(({ workload }) => workloadName(workload, owners)));
  const [workload = unknown] = workloads.size === 1 ? workloads : [];
  const [spiffeId = ''] = peerIdentities.length === 1 ? peerIdentities : [];
  const serviceAccount = identities.get(spiffeId)?.serviceAccount ?? unknown;
  return { namespace, workload, serviceAccount };
}

function workloadName(key: string, owners: Known['owners']): string {
  const [kind, , name = unknown] = key.split('/');
  return owners.get(key)?.split('/')[1] ?? (kind === 'ExternalWorkload' ? name : unknown);
}
