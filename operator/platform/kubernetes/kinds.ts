// The kinds this platform watches and where the API server serves them. Entries: watchedKinds, kindOf, resourcePath.
import { group, version } from '../../../api/v1alpha1/common.ts';
import type { StoredKind } from '../../objects/objects.ts';

export interface ResourceKind {
  readonly kind: StoredKind;
  /** '' for the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
}

const ours = { group, version } as const;
const core = { group: '', version: 'v1' } as const;

const served: Readonly<Record<StoredKind, Omit<ResourceKind, 'kind'>>> = {
  Mesh: { ...ours, plural: 'meshes' },
  TrafficPolicy: { ...ours, plural: 'trafficpolicies' },
  SecurityPolicy: { ...ours, plural: 'securitypolicies' },
  ExternalWorkload: { ...ours, plural: 'externalworkloads' },
  Namespace: { ...core, plural: 'namespaces' },
  ServiceAccount: { ...core, plural: 'serviceaccounts' },
  Service: { ...core, plural: 'services' },
  EndpointSlice: { group: 'discovery.k8s.io', version: 'v1', plural: 'endpointslices' },
  Pod: { ...core, plural: 'pods' },
  Deployment: { group: 'apps', version: 'v1', plural: 'deployments' },
  StatefulSet: { group: 'apps', version: 'v1', plural: 'statefulsets' },
  DaemonSet: { group: 'apps', version: 'v1', plural: 'daemonsets' },
  CronJob: { group: 'batch', version: 'v1', plural: 'cronjobs' },
};

export function kindOf(kind: StoredKind): ResourceKind {
  return { kind, ...served[kind] };
}

export const watchedKinds: readonly ResourceKind[] = [
  kindOf('Mesh'),
  kindOf('TrafficPolicy'),
  kindOf('SecurityPolicy'),
  kindOf('ExternalWorkload'),
  kindOf('Namespace'),
  kindOf('ServiceAccount'),
  kindOf('Service'),
  kindOf('EndpointSlice'),
  kindOf('Pod'),
  kindOf('Deployment'),
  kindOf('StatefulSet'),
  kindOf('DaemonSet'),
  kindOf('CronJob'),
];

/** `v1`, `apps/v1`. */
export function apiVersionOf(kind: Pick<ResourceKind, 'group' | 'version'>): string {
  return kind.group === '' ? kind.version : `${kind.group}/${kind.version}`;
}

/** The collection in one namespace; '' and undefined: in all, or of a cluster-scoped kind. */
export function resourcePath(kind: Omit<ResourceKind, 'kind'>, namespace = ''): string {
  const root = kind.group === '' ? '/api' : '/apis';
  const scope = namespace === '' ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
  return `${root}/${apiVersionOf(kind)}${scope}/${kind.plural}`;
}
