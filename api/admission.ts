// The check of one of our objects as an API server makes it, without one: apiVersion, kind, metadata, unknown fields,
// schema, CEL rules, RE2 syntax; defaults filled in. Its entry: admit. Pure.
import { z } from 'zod';
import { sizeProblems } from './checks/expression-size.ts';
import { brokenRules, type SkippableCheck } from './checks/rules.ts';
import { isRecord, prototypeKeys, unknownFields, withoutNulls } from './checks/fields.ts';
import { sentence } from './checks/sentences.ts';
import { objectSchema } from './crd.ts';
import type { ObjectMeta } from './metadata.ts';
import { dnsLabel, dnsSubdomain, labelMap, shaped } from './schema.ts';
import type { StructuralSchema } from './structural.ts';
import { apiVersion } from './v1alpha1/common.ts';
import {
  type KindDefinition,
  kindDefinition,
  kindDefinitions,
  type MeshwrightObject,
} from './v1alpha1/kinds.ts';

export type Admission =
  | { readonly ok: true; readonly object: MeshwrightObject }
  /** Full sentences, one violation each, that name the field and say what to do. */
  | { readonly ok: false; readonly problems: readonly string[] };

export interface AdmissionOptions {
  /** Checks to leave out. Default: none. */
  readonly skipChecks?: ReadonlySet<SkippableCheck>;
}

const Metadata = z.object({
  name: shaped(dnsSubdomain),
  namespace: shaped(dnsLabel).optional(),
  uid: z.string().optional(),
  resourceVersion: z.string().optional(),
  generation: z.int().optional(),
  creationTimestamp: z.string().optional(),
  deletionTimestamp: z.string().optional(),
  labels: labelMap().optional(),
  annotations: z.record(z.string(), z.string()).optional(),
});

const schemas = new Map<string, StructuralSchema>();

/**
 * Checks a document of one of our kinds, as parsed from YAML or JSON. The object has its defaults, the metadata that
 * Meshwright reads, and the status if that is one of ours. The document is not changed.
 */
export function admit(document: unknown, options: AdmissionOptions = {}): Admission {
  const given = withoutNulls(document);
  if (!isRecord(given))
    return refuse('The document is not an object. Write apiVersion, kind, metadata and spec.');
  const definition = kindDefinition(String(given['kind']));
  if (given['apiVersion'] !== apiVersion || definition === undefined) return refuse(...foreign(given));
  const schema = schemaOf(definition);
  const metadata = Metadata.safeParse(given['metadata'], { reportInput: true });
  const spec = definition.spec.safeParse(given['spec'], { reportInput: true });
  const { status: _, ...written } = given;
  const problems = [
    ...prototypeKeys(written, ''),
    ...unknownFields(written, schema, ''),
    ...sentences(metadata.error, 'metadata'),
    ...sentences(spec.error, 'spec'),
  ];
  const specSchema = schema.properties?.['spec'];
  // As in the API server, CEL rules are looked at only when the schema holds.
  if (problems.length === 0 && specSchema !== undefined) {
    problems.push(...brokenRules(spec.data, specSchema, 'spec', options.skipChecks ?? new Set()));
    // A SecurityPolicy is not refused for it: translation reads its rules on the safe side.
    if (definition.kind === 'TrafficPolicy') problems.push(...sizeProblems(spec.data));
  }
  if (problems.length > 0 || metadata.data === undefined) return { ok: false, problems };
  const object = {
    apiVersion,
    kind: definition.kind,
    metadata: metadataOf(metadata.data, definition),
    spec: spec.data,
    ...statusOf(given['status'], definition),
  };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- spec was parsed by the schema of this kind
  return { ok: true, object: object as unknown as MeshwrightObject };
}

function refuse(...problems: readonly string[]): Admission {
  return { ok: false, problems };
}

function foreign(given: Readonly<Record<string, unknown>>): readonly string[] {
  const kinds = kindDefinitions.map((definition) => definition.kind);
  const known = kindDefinition(String(given['kind'])) !== undefined;
  return [
    ...(given['apiVersion'] === apiVersion
      ? []
      : [`apiVersion ${found(given['apiVersion'])}. Write ${apiVersion}.`]),
    ...(known ? [] : [`kind ${found(given['kind'])}. Use one of ${kinds.join(', ')}.`]),
  ];
}

function found(value: unknown): string {
  return value === undefined ? 'is missing' : `is ${JSON.stringify(value)}`;
}

function sentences(error: z.ZodError | undefined, path: string): readonly string[] {
  return error === undefined ? [] : [...new Set(error.issues.map((issue) => sentence(issue, path)))];
}

/** A namespace on a cluster-scoped object is ignored, as the API server does. */
function metadataOf(
  { namespace, ...metadata }: z.infer<typeof Metadata>,
  definition: KindDefinition,
): ObjectMeta {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the type of ObjectMeta tells absent from undefined, zod does not
  const own = metadata as ObjectMeta;
  return definition.scope === 'Cluster' || namespace === undefined ? own : { ...own, namespace };
}

/** A status that another version wrote otherwise is left out: it is ours to write anew. */
function statusOf(status: unknown, definition: KindDefinition): { status?: unknown } {
  const parsed = definition.status.safeParse(status);
  return parsed.success ? { status: parsed.data } : {};
}

function schemaOf(definition: KindDefinition): StructuralSchema {
  const present = schemas.get(definition.kind);
  if (present !== undefined) return present;
  const schema = objectSchema(definition);
  schemas.set(definition.kind, schema);
  return schema;
}
