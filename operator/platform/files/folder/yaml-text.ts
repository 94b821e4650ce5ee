// The text of a file → YAML documents, each parsed for itself, so that one that is broken leaves the others alone.
// The text may come from anybody: what nests too deep or grows too large is refused. Pure.
import { loadAll, YAMLException } from 'js-yaml';

export interface YamlPiece {
  /** From 1: what messages call it. */
  readonly number: number;
  /** Of its first line in the file, from 1. */
  readonly line: number;
  readonly text: string;
}

export type YamlValue =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'nothing' }
  /** line: in the piece, from 0. reason: without a full stop. */
  | { readonly kind: 'error'; readonly line: number; readonly reason: string };

/** Documents of a file; more are a mistake. */
export const maxDocuments = 1_000;
const maxDepth = 64;
const maxAliases = 100;
/** Of a document in which each alias is replaced by what it stands for. */
const maxValues = 100_000;
const maxCharacters = 4 * 1024 * 1024;

/**
 * Document markers may not stand within a value, so a text can be cut at them. Pieces with nothing but comments and
 * directives go to the document that follows. undefined: there are more than maxDocuments.
 */
export function splitDocuments(text: string): readonly YamlPiece[] | undefined {
  const pieces: YamlPiece[] = [];
  let lines: string[] = [];
  let saysSomething = false;
  let line = 1;
  let first = 1;
  const end = (): void => {
    if (lines.length > 0) pieces.push({ number: pieces.length + 1, line: first, text: lines.join('\n') });
    lines = [];
    saysSomething = false;
    first = line;
  };
  for (const next of text.split('\n')) {
    if (saysSomething && isMarker(next)) end();
    if (pieces.length > maxDocuments) return undefined;
    lines.push(next);
    saysSomething ||= !saysNothing(next);
    line += 1;
  }
  if (saysSomething) end();
  return pieces.length > maxDocuments ? undefined : pieces;
}

export function parseYaml({ text }: YamlPiece): YamlValue {
  try {
    const values = loadAll(text, { maxDepth, maxAliases }).filter((value) => value !== null);
    if (values.length > 1) return { kind: 'error', line: 0, reason: 'documents must be separated by ---' };
    if (values.length === 0) return { kind: 'nothing' };
    const problem = valueProblem(values[0]);
    return problem === undefined
      ? { kind: 'value', value: values[0] }
      : { kind: 'error', line: 0, reason: problem };
  } catch (error) {
    if (error instanceof YAMLException)
      return { kind: 'error', line: error.mark?.line ?? 0, reason: error.reason };
    return { kind: 'error', line: 0, reason: error instanceof Error ? error.message : String(error) };
  }
}

/** `--- a` is one, too. */
function isMarker(line: string): boolean {
  return line.startsWith('---') && (line.length === 3 || /\s/.test(line.charAt(3)));
}

function saysNothing(line: string): boolean {
  return /^\s*(#|$)/.test(line) || line.startsWith('%') || /^---\s*(#|$)/.test(line);
}

/** Aliases are references: a short text can stand for a value without end. And no field or label is called __proto__. */
function valueProblem(value: unknown): string | undefined {
  let values = 0;
  let characters = 0;
  let hasPrototype = false;
  const isWithin = (part: unknown, depth: number): boolean => {
    values += 1;
    if (typeof part === 'string') characters += part.length;
    if (values > maxValues || characters > maxCharacters || depth > maxDepth) return false;
    if (typeof part !== 'object' || part === null) return true;
    if (Array.isArray(part)) return part.every((item) => isWithin(item, depth + 1));
    return Object.entries(part).every(([key, item]) => {
      characters += key.length;
      hasPrototype ||= key === '__proto__';
      return isWithin(item, depth + 1);
    });
  };
  if (isWithin(value, 0)) return hasPrototype ? 'no key can be __proto__' : undefined;
  return `with its aliases replaced it has more than ${maxValues} values, ${maxCharacters} characters or ${maxDepth} levels`;
}
