// The entries in the lists of a spec (routes, rules, ports), and the texts in them that a refusal may quote. Pure.

/** One of our own objects, as far as it is read here. */
export interface Specified {
  readonly metadata: { readonly namespace?: string; readonly name: string };
  readonly spec: unknown;
}

type Fields = Readonly<Record<string, unknown>>;

export interface SpecEntry {
  readonly list: EntryList;
  /** `spec.routes[1]`. */
  readonly path: string;
  readonly content: Fields;
}

export interface SpecText {
  /** `spec.routes[1].matches[0].headers[0].value`. */
  readonly path: string;
  readonly text: string;
  readonly isExpression: boolean;
}

/** What the lists call their entries. */
const titles = {
  routes: 'route',
  subsets: 'subset',
  ports: 'port',
  outbound: 'binding',
  rules: 'rule',
} as const;

export type EntryList = keyof typeof titles;

export function entriesOf(spec: unknown): readonly SpecEntry[] {
  return [
    ...entriesIn(spec, 'spec', ['routes', 'subsets', 'ports', 'outbound']),
    ...entriesIn(isFields(spec) ? spec['authorization'] : undefined, 'spec.authorization', ['rules']),
  ];
}

function entriesIn(holder: unknown, path: string, lists: readonly EntryList[]): readonly SpecEntry[] {
  if (!isFields(holder)) return [];
  return lists.flatMap((list) => {
    const items: unknown = holder[list];
    if (!Array.isArray(items)) return [];
    return items.map((item: unknown, index) => {
      return { list, path: `${path}.${list}[${index}]`, content: isFields(item) ? item : {} };
    });
  });
}

/** `spec.routes[1].matches[0].path.value (route "canary")`; path: of the entry or of something in it. */
export function placeIn({ list, content: { name } }: SpecEntry, path: string): string {
  return typeof name === 'string' ? `${path} (${titles[list]} "${name}")` : path;
}

/** What users write freely: anything else, such as `GET` or `Deny`, is as likely a word of the proxy's own. */
const freeFields: ReadonlySet<string> = new Set(['name', 'value', 'remove', 'serviceAccounts']);

export function textsIn({ content, path }: SpecEntry): readonly SpecText[] {
  return textsAt(content, path, '');
}

function textsAt(value: unknown, path: string, field: string): readonly SpecText[] {
  if (typeof value === 'string')
    return freeFields.has(field) ? [{ path, text: value, isExpression: false }] : [];
  if (Array.isArray(value))
    return value.flatMap((item: unknown, index) => textsAt(item, `${path}[${index}]`, field));
  if (!isFields(value)) return [];
  const isExpression = value['type'] === 'RegularExpression';
  return Object.entries(value).flatMap(([key, inner]) =>
    textsAt(inner, `${path}.${key}`, key).map((found) => ({
      ...found,
      isExpression: found.isExpression || (isExpression && key === 'value'),
    })),
  );
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
