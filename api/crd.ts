// The CustomResourceDefinition of a kind, from its zod schemas. Its entry: customResourceDefinition. Pure.
import { structuralSchema, type StructuralSchema } from './structural.ts';
import { group, version } from './v1alpha1/common.ts';
import type { KindDefinition, PrinterColumn } from './v1alpha1/kinds.ts';

/** apiextensions.k8s.io/v1, as far as we use it. */
export interface CustomResourceDefinition {
  readonly apiVersion: 'apiextensions.k8s.io/v1';
  readonly kind: 'CustomResourceDefinition';
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly group: string;
    readonly names: {
      readonly kind: string;
      readonly listKind: string;
      readonly plural: string;
      readonly singular: string;
      readonly shortNames?: readonly string[];
      readonly categories: readonly string[];
    };
    readonly scope: 'Cluster' | 'Namespaced';
    readonly versions: {
      readonly name: string;
      readonly served: boolean;
      readonly storage: boolean;
      readonly subresources: { readonly status: Readonly<Record<string, never>> };
      readonly additionalPrinterColumns: readonly PrinterColumn[];
      readonly schema: { readonly openAPIV3Schema: StructuralSchema };
    }[];
  };
}

/** `trafficpolicies.meshwright.dev`. */
function crdName(definition: KindDefinition): string {
  return `${definition.plural}.${group}`;
}

/** The schema of a whole object, as the API server checks it. Throws NotStructuralError. */
export function objectSchema(definition: KindDefinition): StructuralSchema {
  const kind = definition.kind;
  return {
    description: definition.description,
    type: 'object',
    required: ['spec'],
    properties: {
      apiVersion: { description: `${group}/${version}.`, type: 'string' },
      kind: { description: `${kind}.`, type: 'string' },
      metadata: { type: 'object' },
      spec: structuralSchema(definition.spec, `${kind}.spec`),
      status: structuralSchema(definition.status, `${kind}.status`),
    },
  };
}

/** The CRD of a kind, ready to be applied. Throws NotStructuralError if its schemas cannot be expressed. */
export function customResourceDefinition(definition: KindDefinition): CustomResourceDefinition {
  const { kind, plural, singular, shortNames, categories, scope, columns } = definition;
  const names = { kind, listKind: `${kind}List`, plural, singular, categories };
  const onlyVersion = {
    name: version,
    served: true,
    storage: true,
    subresources: { status: {} },
    additionalPrinterColumns: columns,
    schema: { openAPIV3Schema: objectSchema(definition) },
  };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: crdName(definition) },
    spec: {
      group,
      names: shortNames.length === 0 ? names : { ...names, shortNames },
      scope,
      versions: [onlyVersion],
    },
  };
}
