// The text of one file → its documents. A file counts as a whole: if one document cannot be read, none of it is
// taken, because it may be half-written. Pure.
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { apiVersion as ourApiVersion } from '../../../api/v1alpha1/common.ts';
import type { ObjectRef, StoredKind } from '../../objects/objects.ts';

/** The kinds a file may hold, with the apiVersion they must have. */
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

export interface FileDocument {
  readonly ref: FileRef;
  /** `reviews.yaml, document 2`. */
  readonly where: string;
  readonly labels: Readonly<Record<string, string>> | undefined;
  readonly annotations: Readonly<Record<string, string>> | undefined;
  /** As written, without status: that is the operator's to say. */
  readonly raw: Readonly<Record<string, unknown>>;
}

export type ParsedFile =
  | {
      readonly kind: 'documents';
      readonly documents: readonly FileDocument[];
      readonly problems: readonly string[];
    }
  | { readonly kind: 'unreadable'; readonly problem: string };

const namePattern = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;
const namespacePattern = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** What an API server asks of every object, as far as it matters here. */
const Header = z.looseObject({
  apiVersion: z.string(),
  kind: z.string().min(1),
  metadata: z.object({
    name: z.string().regex(namePattern, 'must be lower-case letters, digits, - and .'),
    namespace: z
      .string()
      .regex(namespacePattern, 'must be lower-case letters, digits and -')
      .default('default'),
    labels: z.record(z.string(), z.string('must be a string: put it in quotes')).nullish(),
    annotations: z.record(z.string(), z.string('must be a string: put it in quotes')).nullish(),
  }),
});

export function parseFile(file: string, text: string): ParsedFile {
  const documents: FileDocument[] = [];
  const problems: string[] = [];
  try {
    for (const [index, raw] of yamlValues(text).entries()) {
      const where = `${file}, document ${index + 1}`;
      if (raw === null || raw === undefined) continue;
      const header = Header.safeParse(raw);
      if (!header.success)
        return { kind: 'unreadable', problem: `${where}: ${zodProblems(header.error).join(' ')}` };
      const document = documentOf(header.data, where);
      if (typeof document === 'string') problems.push(document);
      else documents.push(document);
    }
  } catch (error) {
    const reason =
      error instanceof Error ? (error.message.split('\n')[0] ?? '').replace(/:$/, '') : String(error);
    return { kind: 'unreadable', problem: `${file} is not valid YAML: ${reason}.` };
  }
  return { kind: 'documents', documents, problems };
}

/** Full sentences, one for each violation, that name the field. */
export function zodProblems(error: z.ZodError): string[] {
  return error.issues.map(({ path, message }) => {
    const field = path.length === 0 ? 'The document' : path.map(String).join('.');
    return `${field}: ${message}.`;
  });
}

function yamlValues(text: string): unknown[] {
  const documents = parseAllDocuments(text);
  if (!Array.isArray(documents)) return [];
  return documents.map((document) => {
    const [error] = document.errors;
    if (error !== undefined) throw error;
    return document.toJS({ maxAliasCount: 100 }) as unknown;
  });
}

/** A string says why a document is left out. */
function documentOf(header: z.infer<typeof Header>, where: string): FileDocument | string {
  const { status: _, ...raw } = header;
  const { apiVersion, kind, metadata } = raw;
  if (!isFileKind(kind)) {
    const known = Object.keys(kinds).join(', ');
    return `${where} is ignored: kind ${kind} has no meaning without a cluster. Known kinds are ${known}.`;
  }
  const expected = kinds[kind];
  if (apiVersion !== expected.apiVersion) {
    return `${where} is ignored: ${kind} of apiVersion ${apiVersion} is not known. Write apiVersion: ${expected.apiVersion}.`;
  }
  const namespace = expected.isNamespaced ? metadata.namespace : '';
  const labels = metadata.labels ?? undefined;
  const annotations = metadata.annotations ?? undefined;
  return { ref: { kind, namespace, name: metadata.name }, where, labels, annotations, raw };
}

/** Whether a document of this kind has a meaning on this platform. */
export function isFileKind(kind: unknown): kind is FileKind {
  return typeof kind === 'string' && Object.hasOwn(kinds, kind);
}
