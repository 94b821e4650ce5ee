// The kinds a file may hold, and the apiVersion each must have.
import { apiVersion as ourApiVersion, group as ourGroup } from '../../../../api/v1alpha1/common.ts';
import {
  isMeshwrightKind,
  kindDefinition,
  kindDefinitions,
  type MeshwrightKind,
} from '../../../../api/v1alpha1/kinds.ts';
import type { ObjectRef } from '../../../objects/objects.ts';

/** Of Kubernetes itself and of the Gateway API. */
const coreKinds = {
  Namespace: { apiVersion: 'v1', scope: 'Cluster' },
  Service: { apiVersion: 'v1', scope: 'Namespaced' },
  ServiceAccount: { apiVersion: 'v1', scope: 'Namespaced' },
  ReferenceGrant: { apiVersion: 'gateway.networking.k8s.io/v1beta1', scope: 'Namespaced' },
} as const;
type CoreKind = keyof typeof coreKinds;

export type FileKind = MeshwrightKind | CoreKind;

export type FileRef = ObjectRef & { readonly kind: FileKind };

/** For sentences. */
export const knownKinds = [...kindDefinitions.map(({ kind }) => kind), ...Object.keys(coreKinds)].join(', ');

export function isFileKind(kind: unknown): kind is FileKind {
  return isMeshwrightKind(kind) || (typeof kind === 'string' && Object.hasOwn(coreKinds, kind));
}

export function apiVersionOf(kind: FileKind): string {
  return isMeshwrightKind(kind) ? ourApiVersion : coreKinds[kind].apiVersion;
}

/** Cluster-scoped kinds have the namespace `''`, whatever is written. */
export function fileRef(kind: FileKind, namespace: string, name: string): FileRef {
  return { kind, namespace: scopeOf(kind) === 'Namespaced' ? namespace : '', name };
}

function scopeOf(kind: FileKind): 'Cluster' | 'Namespaced' {
  return isMeshwrightKind(kind) ? kindDefinition(kind).scope : coreKinds[kind].scope;
}

/** Whether an apiVersion is one of Meshwright's, of any version. */
export function isOurGroup(apiVersion: string): boolean {
  return apiVersion.startsWith(`${ourGroup}/`);
}

/** `SecurityPolicy shop/reviews`. */
export function objectName({ kind, namespace, name }: ObjectRef): string {
  return `${kind} ${namespace === '' ? '' : `${namespace}/`}${name}`;
}
