// A folder of manifests, read once: what `kubectl apply -f` takes, and what `kubectl get -o yaml` prints. Entry: readManifests.
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { convert, isClusterKind } from '../kubernetes/convert.ts';
import { apiVersionOf, kindOf, watchedKinds } from '../kubernetes/kinds.ts';
import type { Admit } from '../kubernetes/feed.ts';
import { parseYaml, splitDocuments } from '../files/folder/yaml-text.ts';
import type { ObjectSink } from '../../ports/platform.ts';
import type { StoredKind, StoredObject } from '../../objects/objects.ts';

/** Problems are full sentences that name the file. */
export interface Manifests {
  readonly objects: readonly StoredObject[];
  readonly problems: readonly string[];
}

/**
 * Files that end in .yaml, .yml or .json, in folders below as well; or one such file. Documents of kinds that Meshwright does not read
 * are left out.
 * @throws Error if there is no such folder or file
 */
export async function readManifests(path: string, admit: Admit): Promise<Manifests> {
  const files = await filesAt(path);
  const read = await Promise.all(
    files.map(async (file) => objectsIn(file, await readFile(file, 'utf8'), admit)),
  );
  const all = read.flat();
  return {
    objects: all.filter((one) => typeof one !== 'string'),
    problems: all.filter((one) => typeof one === 'string'),
  };
}

/** Later objects replace earlier ones of the same name. */
export function deliver(objects: readonly StoredObject[], sink: ObjectSink): void {
  for (const object of objects) sink.upsert(object);
}

async function filesAt(path: string): Promise<readonly string[]> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) throw new Error(`${path} does not exist. Name a folder of manifests, or a file.`);
  if (!found.isDirectory()) return [path];
  const names = await readdir(path, { recursive: true });
  const files = names.filter((name) => /\.(ya?ml|json)$/.test(name)).toSorted();
  if (files.length === 0) throw new Error(`${path} has no file that ends in .yaml, .yml or .json.`);
  return files.map((name) => join(path, name));
}

function objectsIn(file: string, text: string, admit: Admit): readonly (StoredObject | string)[] {
  const pieces = splitDocuments(text);
  if (pieces === undefined) return [`${file} has too many documents. Split it into several files.`];
  return pieces.flatMap((piece): readonly (StoredObject | string)[] => {
    const parsed = parseYaml(piece);
    if (parsed.kind === 'nothing') return [];
    if (parsed.kind === 'error')
      return [`${file}:${piece.line + parsed.line}: Not valid YAML: ${parsed.reason}.`];
    return documentsOf(parsed.value).flatMap((document) =>
      objectOf(document, admit).map((found) => (typeof found === 'string' ? `${file}: ${found}` : found)),
    );
  });
}

/** A list has items; anything else is one document. */
function documentsOf(value: unknown): readonly unknown[] {
  const items = isRecord(value) && String(value['kind']).endsWith('List') ? value['items'] : undefined;
  return Array.isArray(items) ? items : [value];
}

/** None of a kind that is not read. Several problems are several sentences. */
function objectOf(document: unknown, admit: Admit): readonly (StoredObject | string)[] {
  if (!isRecord(document)) return ['The document is not an object.'];
  const kind = watchedKinds.find(
    (one) => one.kind === document['kind'] && apiVersionOf(one) === document['apiVersion'],
  );
  if (kind === undefined) return isOurs(document) ? unknownKind(document) : [];
  const served = asServed(kind.kind, document);
  try {
    if (isClusterKind(kind.kind)) return [convert(kind.kind, served)];
  } catch (error) {
    return [
      `${String(document['kind'])} ${nameOf(document)}: ${error instanceof Error ? error.message : String(error)}`,
    ];
  }
  const admitted = admit(served);
  if (admitted.ok) return [admitted.object];
  return admitted.problems.map((problem) => `${String(document['kind'])} ${nameOf(document)}: ${problem}`);
}

type Document = Readonly<Record<string, unknown>>;

function isOurs(document: Document): boolean {
  return String(document['apiVersion']).startsWith(`${kindOf('Mesh').group}/`);
}

function unknownKind(document: Document): readonly string[] {
  return [`${String(document['apiVersion'])} has no kind ${String(document['kind'])}.`];
}

const clusterScoped: ReadonlySet<StoredKind> = new Set(['Mesh', 'Namespace']);

/** What an API server adds to metadata. */
function asServed(kind: StoredKind, document: Document): Document {
  const written = isRecord(document['metadata']) ? document['metadata'] : {};
  const namespace = clusterScoped.has(kind) ? {} : { namespace: 'default' };
  return { ...document, metadata: { ...namespace, generation: 1, ...written } };
}

function nameOf({ metadata }: Document): string {
  if (!isRecord(metadata)) return 'without a name';
  const { name, namespace } = metadata;
  return typeof namespace === 'string' ? `${namespace}/${String(name)}` : String(name);
}

function isRecord(value: unknown): value is Document {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
