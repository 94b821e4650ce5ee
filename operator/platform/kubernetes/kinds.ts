// The kinds this platform watches and where the API server serves them. Entries: watchedKinds, kindOf, resourcePath.
import { group, version } from '../../../api/v1alpha1/common.ts';
import { kindDefinitions, type MeshwrightKind } from '../../../api/v1alpha1/kinds.ts';
import type { StoredKind } from '../../objects/objects.ts';
import { fieldManager, jwksLabel, loginSecretName, managedByLabel } from '../../values/own-names.ts';

/** Of what goes into the store. */
export interface ResourceKind extends ServedKind {
  readonly kind: StoredKind;
}

export interface ServedKind {
  readonly kind: string;
  /** '' for the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  /** Of an API that a cluster need not have: where it is not served there are no objects. */
  readonly isOptional?: boolean;
  /** Only these are watched. Default: those of all namespaces. */
  readonly only?: { readonly namespace?: string; readonly query: Readonly<Record<string, string>> };
}

/** Of Kubernetes itself. */
type OtherKind = Exclude<StoredKind, MeshwrightKind>;

const core = { group: '', version: 'v1' } as const;
const apps = { group: 'apps', version: 'v1' } as const;

const others: {
  readonly [K in Exclude<OtherKind, 'ConfigMap' | 'Secret'>]: ResourceKind & { readonly kind: K };
} = {
  Namespace: { kind: 'Namespace', ...core, plural: 'namespaces' },
  ServiceAccount: { kind: 'ServiceAccount', ...core, plural: 'serviceaccounts' },
  Service: { kind: 'Service', ...core, plural: 'services' },
  EndpointSlice: {
    kind: 'EndpointSlice',
    group: 'discovery.k8s.io',
    version: 'v1',
    plural: 'endpointslices',
  },
  Pod: { kind: 'Pod', ...core, plural: 'pods' },
  Deployment: { kind: 'Deployment', ...apps, plural: 'deployments' },
  StatefulSet: { kind: 'StatefulSet', ...apps, plural: 'statefulsets' },
  DaemonSet: { kind: 'DaemonSet', ...apps, plural: 'daemonsets' },
  CronJob: { kind: 'CronJob', group: 'batch', version: 'v1', plural: 'cronjobs' },
  ReferenceGrant: {
    kind: 'ReferenceGrant',
    group: 'gateway.networking.k8s.io',
    version: 'v1beta1',
    plural: 'referencegrants',
    isOptional: true,
  },
};

/** Of the operator in that namespace. Without permission (an older Role), there is none: nothing else waits for it. */
export function ownConfigMaps(namespace: string): ResourceKind {
  const labelSelector = `${managedByLabel}=${fieldManager},${jwksLabel}=true`;
  return {
    kind: 'ConfigMap',
    ...core,
    plural: 'configmaps',
    isOptional: true,
    only: { namespace, query: { labelSelector } },
  };
}

/**
 * Of one name, in all namespaces: a ClusterRole can allow just these, since the query names it. Without permission (an older ClusterRole), there is none.
 * @see https://kubernetes.io/docs/reference/access-authn-authz/rbac/#referring-to-resources
 */
export const loginSecrets: ResourceKind = {
  kind: 'Secret',
  ...core,
  plural: 'secrets',
  isOptional: true,
  only: { query: { fieldSelector: `metadata.name=${loginSecretName}` } },
};

export const watchedKinds: readonly ResourceKind[] = [
  ...kindDefinitions.map(({ kind, plural }) => ({ kind, group, version, plural })),
  ...Object.values(others),
];

const byKind: ReadonlyMap<StoredKind, ResourceKind> = new Map(watchedKinds.map((it) => [it.kind, it]));

export function kindOf(kind: StoredKind): ResourceKind {
  const found = byKind.get(kind);
  if (found === undefined) throw new Error(`There is no kind ${kind}.`);
  return found;
}

/** `v1`, `apps/v1`. */
export function apiVersionOf(kind: Pick<ResourceKind, 'group' | 'version'>): string {
  return kind.group === '' ? kind.version : `${kind.group}/${kind.version}`;
}

/** The collection in one namespace; '' and undefined: in all, or of a cluster-scoped kind. */
export function resourcePath(kind: Omit<ServedKind, 'kind'>, namespace = ''): string {
  const root = kind.group === '' ? '/api' : '/apis';
  const scope = namespace === '' ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
  return `${root}/${apiVersionOf(kind)}${scope}/${kind.plural}`;
}

/** The query that asks for those of a kind that are watched. */
export function selectorOf({ only }: ServedKind): Readonly<Record<string, string>> {
  return only?.query ?? {};
}
