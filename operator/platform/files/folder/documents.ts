// The text of one file → its documents: which object each one describes, or why that cannot be told. Pure.
import { z } from 'zod';
import { memberPath } from '../../../../api/checks/field-path.ts';
import { hashOf } from '../../../values/fingerprint.ts';
import {
  apiVersionOf,
  type FileKind,
  fileRef,
  type FileRef,
  isFileKind,
  isOurGroup,
  knownKinds,
} from './file-kinds.ts';
import { withoutBrokenLines } from './salvage.ts';
import { maxDocuments, parseYaml, splitDocuments, type YamlPiece } from './yaml-text.ts';

export type RawDocument = Readonly<Record<string, unknown>>;

/** What a document says, wherever it stands. The same value for as long as the text is the same. */
export interface FileDocument {
  readonly kind: 'object';
  readonly ref: FileRef;
  readonly labels: Readonly<Record<string, string>> | undefined;
  readonly annotations: Readonly<Record<string, string>> | undefined;
  /** As written, without status: that is the operator's to say. */
  readonly raw: RawDocument;
  /** Of the spec. */
  readonly specHash: string;
  /** Of everything. */
  readonly hash: string;
}

/** A document that is a mistake. */
interface BrokenDocument {
  readonly kind: 'broken';
  /** In the document, from 0. */
  readonly line: number;
  /** A full sentence without its place. */
  readonly problem: string;
  /** The object it would describe, as far as that can be told. */
  readonly ref: FileRef | undefined;
  /** What can be read of it. */
  readonly raw: RawDocument | undefined;
  /** Of its text. */
  readonly hash: string;
}

/** A document that may be right, but describes nothing that has a meaning here. */
interface ForeignDocument {
  readonly kind: 'foreign';
  readonly problem: string;
  readonly name: string;
  readonly isOurGroup: boolean;
  /** The same for the same apiVersion, kind, namespace and name. */
  readonly identity: string;
}

export type DocumentContent = FileDocument | BrokenDocument | ForeignDocument;
export type Placed<T extends DocumentContent> = {
  readonly file: string;
  /** From 1. */
  readonly number: number;
  /** From 1. */
  readonly firstLine: number;
  readonly text: string;
  readonly content: T;
};

export type ParsedFile =
  | { readonly kind: 'documents'; readonly documents: readonly Placed<DocumentContent>[] }
  /** problem: a full sentence with the name of the file. */
  | { readonly kind: 'unreadable'; readonly problem: string };

const namePattern = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;
const namespacePattern = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** What is needed to tell which object it is. */
const Identity = z.object({
  kind: z.custom<FileKind>(isFileKind),
  metadata: z.object({
    name: z.string().regex(namePattern),
    namespace: z.string().regex(namespacePattern).default('default'),
  }),
});

const stringMap = z.record(z.string(), z.string('must be a string: put it in quotes')).nullish();
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
    labels: stringMap,
    annotations: stringMap,
  }),
});

/** before: what the file was before; documents whose text is the same keep their content. */
export function parseFile(file: string, text: string, before?: ParsedFile): ParsedFile {
  const pieces = splitDocuments(text);
  if (pieces === undefined) {
    const problem = `${file} has more than ${maxDocuments} documents. Split it into several files.`;
    return { kind: 'unreadable', problem };
  }
  const known = new Map(
    before?.kind === 'documents' ? before.documents.map((placed) => [placed.text, placed.content]) : [],
  );
  const documents = pieces.flatMap((piece): Placed<DocumentContent>[] => {
    const content = known.get(piece.text) ?? contentOf(piece);
    if (content === undefined) return [];
    return [{ file, number: piece.number, firstLine: piece.line, text: piece.text, content }];
  });
  return { kind: 'documents', documents };
}

/** The document as it was written before; undefined if it would be none today. */
export function fileDocument(raw: RawDocument): FileDocument | undefined {
  const content = described(raw, '');
  return content.kind === 'object' ? content : undefined;
}

/** `reviews.yaml, document 2`. */
export function placeOf({ file, number }: Pick<Placed<DocumentContent>, 'file' | 'number'>): string {
  return `${file}, document ${number}`;
}

/** Full sentences, one for each violation, that name the field. */
export function zodProblems(error: z.ZodError): string[] {
  return error.issues.map(({ path, message }) => {
    const field = path.length === 0 ? 'The document' : path.reduce<string>(memberPath, '');
    return `${field}: ${message}.`;
  });
}

function contentOf(piece: YamlPiece): DocumentContent | undefined {
  const parsed = parseYaml(piece);
  if (parsed.kind === 'nothing') return undefined;
  const hash = hashOf(piece.text);
  if (parsed.kind === 'value') return described(parsed.value, hash);
  const { line, reason } = parsed;
  const raw = withoutBrokenLines(piece.text, line);
  const problem = `Not valid YAML: ${reason}.`;
  return { kind: 'broken', line, problem, raw, ref: refOf(raw), hash };
}

/** hash: of its text. */
function described(value: unknown, hash: string): DocumentContent {
  const header = Header.safeParse(value);
  if (!header.success) {
    const raw = asRaw(value);
    return {
      kind: 'broken',
      line: 0,
      problem: zodProblems(header.error).join(' '),
      raw,
      ref: refOf(raw),
      hash,
    };
  }
  const { status: _, ...raw } = header.data;
  const { apiVersion, kind, metadata } = raw;
  if (!isFileKind(kind) || apiVersion !== apiVersionOf(kind)) return foreign(header.data);
  return {
    kind: 'object',
    ref: fileRef(kind, metadata.namespace, metadata.name),
    labels: metadata.labels ?? undefined,
    annotations: metadata.annotations ?? undefined,
    raw,
    specHash: hashOf(raw['spec']),
    hash: hashOf(raw),
  };
}

function foreign({ apiVersion, kind, metadata }: z.infer<typeof Header>): ForeignDocument {
  const { namespace, name } = metadata;
  const problem = isFileKind(kind)
    ? `${kind} of apiVersion ${apiVersion} is not known. Write apiVersion: ${apiVersionOf(kind)}.`
    : `${unknownKind(apiVersion, kind)} Known kinds are ${knownKinds}.`;
  const identity = hashOf([apiVersion, kind, namespace, name]);
  return { kind: 'foreign', problem, name, isOurGroup: isOurGroup(apiVersion), identity };
}

function unknownKind(apiVersion: string, kind: string): string {
  return isOurGroup(apiVersion)
    ? `${apiVersion} has no kind ${kind}.`
    : `Kind ${kind} has no meaning without a cluster.`;
}

function refOf(raw: RawDocument | undefined): FileRef | undefined {
  const { data } = Identity.safeParse(raw);
  return data === undefined ? undefined : fileRef(data.kind, data.metadata.namespace, data.metadata.name);
}

function asRaw(value: unknown): RawDocument | undefined {
  return z.record(z.string(), z.unknown()).safeParse(value).data;
}
