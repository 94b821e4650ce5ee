// The form of a case of the API: a document, and whether it is taken. The same cases go through the offline check and
// a real API server.
import { apiVersion } from '../../../api/v1alpha1/common.ts';
import { type MeshwrightKind, kindDefinition } from '../../../api/v1alpha1/kinds.ts';

export interface ValidCase {
  readonly name: string;
  readonly document: Readonly<Record<string, unknown>>;
  readonly valid: true;
}

export interface InvalidCase {
  readonly name: string;
  readonly document: Readonly<Record<string, unknown>>;
  readonly valid: false;
  /** The field that the refusal names, or the one above it. */
  readonly field: string;
  /** A part of the refusal, where the words are ours. */
  readonly message?: string;
}

export type ApiCase = ValidCase | InvalidCase;

/** A document with a spec: `sample` in namespace default, or in none. */
export function documentOf(kind: MeshwrightKind, spec: unknown): Readonly<Record<string, unknown>> {
  const namespace = kindDefinition(kind)?.scope === 'Namespaced' ? { namespace: 'default' } : {};
  return { apiVersion, kind, metadata: { name: 'sample', ...namespace }, spec };
}

interface CaseMakers {
  readonly valid: (name: string, spec: unknown) => ValidCase;
  readonly refused: (
    name: string,
    spec: unknown,
    problem: { field: string; message?: string },
  ) => InvalidCase;
}

/** Makers of the cases of a kind. */
export function casesOf(kind: MeshwrightKind): CaseMakers {
  return {
    valid: (name, spec) => ({
      name: `${kind} may have ${name}`,
      document: documentOf(kind, spec),
      valid: true,
    }),
    refused: (name, spec, problem) => ({
      name: `${kind} may not have ${name}`,
      document: documentOf(kind, spec),
      valid: false,
      ...problem,
    }),
  };
}
