// A value as indented JSON without secrets, made piece by piece: a reader who does not read costs one piece, not the
// whole. Entry: jsonPieces. Pure.
import { copyOf, shownOf } from './redact.ts';

/** Below so many levels a value is made at once. */
const levels = 5;
/** Shorter pieces are put together. */
const pieceLength = 64 * 1024;

/** Lists and Maps may be made while they are read: any Iterable is a list. */
export function* jsonPieces(value: unknown): Generator<string> {
  let piece = '';
  for (const part of parts(value, { holder: undefined, indent: '', level: levels })) {
    piece += part;
    if (piece.length < pieceLength) continue;
    yield piece;
    piece = '';
  }
  yield `${piece}\n`;
}

interface Place {
  readonly holder: string | undefined;
  readonly indent: string;
  readonly level: number;
}

function* parts(value: unknown, { holder, indent, level }: Place): Generator<string> {
  const it = shownOf(value, holder);
  if (level === 0 || it.kind === 'leaf') {
    yield JSON.stringify(copyOf(value, holder), null, 2).replaceAll('\n', `\n${indent}`);
    return;
  }
  const inside = { indent: `${indent}  `, level: level - 1 };
  const [open, close] = it.kind === 'list' ? '[]' : '{}';
  let before = open ?? '';
  let isEmpty = true;
  const entries = it.kind === 'list' ? listEntries(it.items, it.holder) : fieldEntries(it.fields);
  for (const { label, item, holder: held } of entries) {
    isEmpty = false;
    yield `${before}\n${inside.indent}${label}`;
    yield* parts(item, { ...inside, holder: held });
    before = ',';
  }
  yield isEmpty ? `${open}${close}` : `\n${indent}${close}`;
}

interface Entry {
  readonly label: string;
  readonly item: unknown;
  readonly holder: string | undefined;
}

function* listEntries(items: Iterable<unknown>, holder: string | undefined): Generator<Entry> {
  for (const item of items) yield { label: '', item, holder };
}

function* fieldEntries(fields: Iterable<readonly [string, unknown]>): Generator<Entry> {
  for (const [key, item] of fields) yield { label: `${JSON.stringify(key)}: `, item, holder: key };
}
