// A JSON value as an expression of CEL, in which some places are expressions of their own. Pure. Entry: celLiteral.
// @see https://github.com/google/cel-spec/blob/master/doc/langdef.md

/** In the place of a JSON value: what it is in the end is computed. */
export class Cel {
  readonly expression: string;

  constructor(expression: string) {
    this.expression = expression;
  }
}

/** Text in strings → the expression, itself a string, in its place. */
export type CelTexts = ReadonlyMap<string, string>;

/** Values of lists and maps are `dyn`: CEL knows only lists and maps of one type. */
export function celLiteral(value: unknown, texts: CelTexts = new Map()): string {
  if (value instanceof Cel) return value.expression;
  if (typeof value === 'string') return celText(value, texts);
  if (Array.isArray(value)) return `[${value.map((item) => dyn(item, texts)).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(
    ([key, member]) => `${JSON.stringify(key)}: ${dyn(member, texts)}`,
  );
  return `{${members.join(', ')}}`;
}

function dyn(value: unknown, texts: CelTexts): string {
  return `dyn(${celLiteral(value, texts)})`;
}

function celText(text: string, texts: CelTexts): string {
  for (const [marked, expression] of texts) {
    const at = text.indexOf(marked);
    if (at < 0) continue;
    const before = at === 0 ? [] : [celText(text.slice(0, at), texts)];
    const rest = text.slice(at + marked.length);
    return [...before, expression, ...(rest === '' ? [] : [celText(rest, texts)])].join(' + ');
  }
  return JSON.stringify(text);
}
