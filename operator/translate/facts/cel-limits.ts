// What the parser here takes and Envoy's does not, as tried with Envoy 1.40: a listener with such an expression would be refused as a whole.
import type { ASTNode } from '@marcbachmann/cel-js';

/** Comments and strings: what stands in these nests nothing. */
const literal =
  /\/\/[^\n]*|[rR]?(?:"""(?:\\[^]|[^\\])*?"""|'''(?:\\[^]|[^\\])*?'''|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')/g;

/** Of brackets, and of operators and calls in each other, in which chains of && and || count once. */
const deepest = 32;

const tooDeep = `it is nested more than ${deepest} levels deep`;

/** Of an expression that is not parsed yet. Without a full stop; null: none. */
export function problemOfText(expression: string): string | null {
  if (!expression.isWellFormed()) return 'it has characters that are not valid Unicode';
  const literals = expression.match(literal) ?? [];
  // Both would see another end of it.
  if (literals.some((text) => /^r.*\\/is.test(text)))
    return 'a raw string with a backslash cannot be used in it';
  if (/\b0X/.test(withoutLiterals(expression))) return 'a hexadecimal number must begin with 0x';
  return parenthesesOf(expression) > deepest ? tooDeep : null;
}

/** Of the tree of this expression. */
export function problemOfTree(ast: ASTNode, expression: string): string | null {
  if (hasLargeNumber(ast)) return 'it has a number that is too large';
  // Trees do not tell parentheses, and Envoy does not see through them that a chain goes on.
  return depthOf(ast) + parenthesesOf(expression) > deepest ? tooDeep : null;
}

function withoutLiterals(expression: string): string {
  return expression.replaceAll(literal, "''");
}

/** How many are in each other. */
function parenthesesOf(expression: string): number {
  let [open, most] = [0, 0];
  for (const [bracket] of withoutLiterals(expression).matchAll(/[()]/g)) {
    open += bracket === '(' ? 1 : -1;
    most = Math.max(most, open);
  }
  return most;
}

function depthOf(node: unknown): number {
  if (Array.isArray(node)) return Math.max(0, ...node.map((one) => depthOf(one)));
  if (!isNode(node)) return 0;
  const { levels, operands } = chainOf(node, linksOf(node.op));
  return levels + depthOf(operands);
}

const equalities = new Set(['==', '!=', '<', '<=', '>', '>=', 'in']);

/** Of which operators a chain may be. Envoy reads `a == b in c` from the left, and the parser here does not: so these count together. */
function linksOf(op: string): ReadonlySet<string> {
  return equalities.has(op) ? equalities : new Set([op]);
}

interface Chain {
  readonly levels: number;
  /** What its operators stand between. */
  readonly operands: readonly unknown[];
}

function chainOf({ op, args }: Node, links: ReadonlySet<string>): Chain {
  const operands: readonly unknown[] = Array.isArray(args) ? args : [args];
  if (!equalities.has(op) && op !== '&&' && op !== '||') return { levels: 1, operands };
  // A chain of && goes on at its left only: at its right, there are parentheses.
  const chained = equalities.has(op) ? operands : operands.slice(0, 1);
  const isLink = (one: unknown): one is Node => isNode(one) && links.has(one.op) && chained.includes(one);
  const parts = operands.map((one) => (isLink(one) ? chainOf(one, links) : { levels: 0, operands: [one] }));
  const within = parts.reduce((sum, { levels }) => sum + levels, 0);
  return {
    levels: equalities.has(op) ? 1 + within : 1,
    operands: parts.flatMap((part) => part.operands),
  };
}

const largest = 2n ** 63n - 1n;

function hasLargeNumber(node: unknown): boolean {
  if (Array.isArray(node)) return node.some((one) => hasLargeNumber(one));
  if (!isNode(node)) return false;
  return typeof node.args === 'bigint' ? node.args > largest : hasLargeNumber(node.args);
}

interface Node {
  readonly op: string;
  readonly args: unknown;
}

export function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'op' in value;
}
