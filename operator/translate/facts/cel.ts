// Expressions in CEL that users write, and whether Envoy takes them: a listener with one that it does not take would be refused as a whole.
// @see https://github.com/google/cel-spec
import { type ASTNode, Environment } from '@marcbachmann/cel-js';
import { isNode, problemOfText, problemOfTree } from './cel-limits.ts';

/** What an expression of one kind may use. */
export interface CelGrammar {
  readonly environment: Environment;
  readonly operators: ReadonlySet<string>;
  readonly functions: ReadonlySet<string>;
}

/** That can be evaluated of any operands. */
// prettier-ignore
export const celOperators = ['value', 'id', '.', '[]', 'list', '!_', '?:', '&&', '||', 'in', '==', '!=', '<', '<=', '>', '>='] as const;
export const celFunctions = ['size', 'startsWith', 'endsWith', 'contains'] as const;

/** schemas: type of each attribute, by the name that comes before the point. */
export function celEnvironment(
  schemas: Readonly<Record<string, Readonly<Record<string, string>>>>,
): Environment {
  return Object.entries(schemas).reduce(
    (made, [name, schema]) => made.registerVariable({ name, schema }),
    new Environment({ unlistedVariablesAreDyn: false }),
  );
}

/** problem: why Envoy does not take it, without a full stop. */
export function readCel(expression: string, grammar: CelGrammar): { readonly ast: ASTNode } | Problem {
  const unreadable = problemOfText(expression);
  if (unreadable !== null) return { problem: unreadable };
  let program: ReturnType<Environment['parse']>;
  try {
    program = grammar.environment.parse(expression);
  } catch (error) {
    return { problem: firstLine(error) };
  }
  const unknown = foreign(program.ast, grammar);
  if (unknown !== null) return { problem: `${unknown} cannot be used in it` };
  const beyond = problemOfTree(program.ast, expression);
  if (beyond !== null) return { problem: beyond };
  const { valid, type, error } = program.check();
  if (!valid) return { problem: firstLine(error) };
  return type === 'bool'
    ? { ast: program.ast }
    : { problem: `it is of type ${type}, and must be true or false` };
}

interface Problem {
  readonly problem: string;
}

/** The first operator or function that Envoy does not have here. */
function foreign(node: unknown, grammar: CelGrammar): string | null {
  if (Array.isArray(node)) return first(node, grammar);
  if (!isNode(node)) return null;
  const { op, args } = node;
  if (op === 'call' || op === 'rcall') {
    const [called, ...others] = Array.isArray(args) ? (args as readonly unknown[]) : [];
    const name = String(called);
    return grammar.functions.has(name) ? (badLiteral(name, others) ?? first(others, grammar)) : `${name}()`;
  }
  return grammar.operators.has(op) ? first([args], grammar) : `"${op}"`;
}

const literals: Readonly<Record<string, RegExp>> = {
  duration: /^-?([0-9]{1,9}(\.[0-9]{1,9})?(h|m|s|ms|us|ns))+$/,
  timestamp:
    /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[-+][0-9]{2}:[0-9]{2})$/,
};

/** What is worked out from a request may fail with each, and then nothing is logged. */
function badLiteral(name: string, args: readonly unknown[]): string | null {
  const literal = literals[name];
  if (literal === undefined) return null;
  const [argument] = args.flat();
  const value = isNode(argument) && argument.op === 'value' ? argument.args : null;
  return typeof value === 'string' && literal.test(value) ? null : `${name}() of anything but a valid text`;
}

function first(nodes: readonly unknown[], grammar: CelGrammar): string | null {
  for (const node of nodes) {
    const found = foreign(node, grammar);
    if (found !== null) return found;
  }
  return null;
}

function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split('\n', 1)[0] ?? '';
}
