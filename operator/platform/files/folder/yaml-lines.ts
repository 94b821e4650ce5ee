// Where the fields of a YAML document stand, for messages. Pure.
import { type Event, EVENT_ID, getScalarValue, parseEvents } from 'js-yaml';
import { memberPath } from '../../../../api/checks/field-path.ts';

/**
 * The line of the field that a sentence begins with (`spec.routes[0].timeout is …`), or of the nearest one above it
 * that is there; from 0. undefined if the sentence names none.
 */
export function lineOfField(text: string, sentence: string): number | undefined {
  const lines = linesByPath(text);
  for (let path = pathIn(sentence); path !== ''; path = path.replace(/(^|[.[])[^.[]*$/, '')) {
    const line = lines.get(path);
    if (line !== undefined) return line;
  }
  return undefined;
}

/** Longer ones are nobody's to look for. */
const maxPath = 500;

function pathIn(sentence: string): string {
  return /^\S+?(?=:?(\s|$))/.exec(sentence.slice(0, maxPath))?.[0] ?? '';
}

interface Open {
  readonly path: string;
  /** Items of a list so far; for a map the key that waits for its value. */
  items: number;
  readonly isList: boolean;
  key: string | undefined;
}

/** Fields by their paths. A text that cannot be parsed has none. */
function linesByPath(text: string): ReadonlyMap<string, number> {
  const lines = new Map<string, number>();
  const lineAt = lineCounter(text);
  const open: Open[] = [];
  for (const event of eventsOf(text)) {
    const top = open.at(-1);
    if (event.type === EVENT_ID.POP) {
      open.pop();
      continue;
    }
    const start = startOf(event);
    if (start === undefined) continue;
    if (top !== undefined && !top.isList && top.key === undefined) {
      // A key: its value comes next, and bears its line.
      top.key = event.type === EVENT_ID.SCALAR ? getScalarValue(text, event) : '';
      lines.set(memberPath(top.path, top.key), lineAt(start));
      continue;
    }
    const path = pathOfValue(top);
    if (top?.isList === true) lines.set(path, lineAt(start));
    if (event.type === EVENT_ID.SEQUENCE || event.type === EVENT_ID.MAPPING)
      open.push({ path, items: 0, isList: event.type === EVENT_ID.SEQUENCE, key: undefined });
  }
  return lines;
}

function pathOfValue(top: Open | undefined): string {
  if (top === undefined) return '';
  if (top.isList) {
    top.items += 1;
    return memberPath(top.path, top.items - 1);
  }
  const path = memberPath(top.path, top.key ?? '');
  top.key = undefined;
  return path;
}

function startOf(event: Event): number | undefined {
  if (event.type === EVENT_ID.SCALAR) return Math.max(0, event.valueStart);
  if (event.type === EVENT_ID.ALIAS) return event.anchorStart;
  if (event.type === EVENT_ID.SEQUENCE || event.type === EVENT_ID.MAPPING) return event.start;
  return undefined;
}

function eventsOf(text: string): readonly Event[] {
  try {
    return parseEvents(text, {});
  } catch {
    return [];
  }
}

/** For positions that grow from call to call. */
function lineCounter(text: string): (position: number) => number {
  let line = 0;
  let at = 0;
  return (position) => {
    for (let next = text.indexOf('\n', at); next !== -1 && next < position; next = text.indexOf('\n', at)) {
      line += 1;
      at = next + 1;
    }
    return line;
  };
}
