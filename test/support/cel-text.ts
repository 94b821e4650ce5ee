// An expression that Envoy gets as a tree, as text. Entry: celText.

interface Tree {
  readonly const_expr?: Readonly<Record<string, unknown>>;
  readonly ident_expr?: { readonly name: string };
  readonly select_expr?: { readonly operand: Tree; readonly field: string };
  readonly call_expr?: { readonly target?: Tree; readonly function: string; readonly args: readonly Tree[] };
  readonly list_expr?: { readonly elements: readonly Tree[] };
}

/** Of a cel.expr.Expr. */
export function celText({ const_expr, ident_expr, select_expr, call_expr, list_expr }: Tree): string {
  if (const_expr !== undefined) return JSON.stringify(Object.values(const_expr)[0]).replaceAll('"', "'");
  if (ident_expr !== undefined) return ident_expr.name;
  if (select_expr !== undefined) return `${celText(select_expr.operand)}.${select_expr.field}`;
  if (list_expr !== undefined) return `[${list_expr.elements.map((item) => celText(item)).join(', ')}]`;
  if (call_expr === undefined) throw new Error('an expression that says nothing');
  const { target, function: name, args } = call_expr;
  const texts = args.map((arg) => celText(arg));
  if (target !== undefined) return `${celText(target)}.${name}(${texts.join(', ')})`;
  const [first = '', second = '', third = ''] = texts;
  if (name === '_?_:_') return `(${first} ? ${second} : ${third})`;
  if (name === '_[_]') return `${first}[${second}]`;
  if (name === '!_') return `!${first}`;
  if (/^_|^@/.test(name)) return `(${first} ${name.replaceAll(/[_@]/g, '')} ${second})`;
  return `${name}(${texts.join(', ')})`;
}

export function isCelTree(value: object): value is { readonly cel_expr_parsed: { readonly expr: Tree } } {
  return 'cel_expr_parsed' in value;
}
