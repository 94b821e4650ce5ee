// The kinds a file may hold, and the apiVersion each must have.
import { apiVersion as ourApiVersion, group as ourGroup } from '../../../../api/v1alpha1/common.ts';
import type { ObjectRef, StoredKind } from '../../../objects/objects.ts';

const kinds = {
  Mesh: { apiVersion: ourApiVersion, isNamespaced: false },
  TrafficPolicy: { apiVersion: ourApiVersion, isNamespaced: true },
  SecurityPolicy: { apiVersion: ourApiVersion, isNamespaced: true },
  ExternalWorkload: { apiVersion: ourApiVersion, isNamespaced: true },
  Namespace: { apiVersion: 'v1', isNamespaced: false },
  Service: { apiVersion: 'v1', isNamespaced: true },
  ServiceAccount: { apiVersion: 'v1', isNamespaced: true },
} as const satisfies Partial<Record<StoredKind, { apiVersion: string; isNamespaced: boolean }>>;
export type FileKind = keyof typeof kinds;

export type FileRef = ObjectRef & { readonly kind: FileKind };

/** For sentences. */
export const knownKinds = Object.keys(kinds).join(', ');

export function isFileKind(kind: unknown): kind is FileKind {
  return typeof kind === 'string' && Object.hasOwn(kinds, kind);
}

export function apiVersionOf(kind: FileKind): string {
  return kinds[kind].apiVersion;
}

/** Cluster-scoped kinds have the namespace `''`, whatever is written. */
export function fileRef(kind: FileKind, namespace: string, name: string): FileRef {
  return { kind, namespace: kinds[kind].isNamespaced ? namespace : '', name };
}

/** Whether an apiVersion is one of Meshwright's, of any version. */
export function isOurGroup(apiVersion: string): boolean {
  return apiVersion.startsWith(`${ourGroup}/`);
}

/** `SecurityPolicy shop/reviews`. */
export function objectName({ kind, namespace, name }: ObjectRef): string {
  return `${kind} ${namespace === '' ? '' : `${namespace}/`}${name}`;
}
