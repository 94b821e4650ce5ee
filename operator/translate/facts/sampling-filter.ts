// Expressions that choose which traces are recorded. They are asked when a request begins, and what fails would be taken for no trace by
// Envoy: so they may use nothing that can fail.
import type { ASTNode } from '@marcbachmann/cel-js';
import type { ExpressionIr } from '../../ir/sampling.ts';
import { type CelGrammar, celEnvironment, celFunctions, celOperators, readCel } from './cel.ts';

/** Those that are known when a request begins. */
const attributes = {
  request: {
    path: 'string',
    url_path: 'string',
    query: 'string',
    host: 'string',
    scheme: 'string',
    method: 'string',
    headers: 'map<string, string>',
    protocol: 'string',
  },
  xds: { route_name: 'string', cluster_name: 'string' },
} as const;

const grammar: CelGrammar = {
  environment: celEnvironment(attributes),
  operators: new Set(celOperators),
  functions: new Set(celFunctions),
};

/** Protobuf takes messages of up to a hundred in each other. */
const deepest = 10;

/** problem: why it is not taken, without a full stop. */
export function readSamplingFilter(
  text: string,
): { readonly filter: ExpressionIr } | { readonly problem: string } {
  const read = readCel(text, grammar);
  if ('problem' in read) return read;
  const filter = expressionOf(read.ast);
  if (typeof filter === 'string') return { problem: filter };
  return depthOf(filter) > deepest
    ? { problem: `it is nested more than ${deepest} levels deep` }
    : { filter };
}

/** Text: why there is none. */
type Read = ExpressionIr | string;

function expressionOf(node: ASTNode): Read {
  const { of, operands } = calledBy(node) ?? {};
  if (of !== undefined) return allOf(operands ?? [], (read) => ({ type: 'Call', of, operands: read }));
  switch (node.op) {
    case 'value':
      return valueOf(node.args);
    case 'list':
      return allOf(node.args, (items) => ({ type: 'List', items }));
    case 'in':
      return named('HasHeader', node.args[0]);
    case '.':
    case '[]':
    case 'id':
      return factOf(node);
    default:
      return `"${node.op}" cannot be used in it`;
  }
}

interface Called {
  readonly of: string;
  readonly operands: readonly ASTNode[];
}

/** By an operator or a function; null: it is none. */
function calledBy(node: ASTNode): Called | null {
  if (isPlainOperator(node)) return { of: node.op, operands: node.args };
  switch (node.op) {
    case 'call':
      return { of: node.args[0], operands: node.args[1] };
    case 'rcall':
      return { of: node.args[0], operands: [node.args[1], ...node.args[2]] };
    case '!_':
      return { of: '!', operands: [node.args] };
    case '&&':
    case '||':
      return { of: node.op, operands: termsOf(node, node.op) };
    case 'in':
      return isHeaders(node.args[1]) ? null : { of: 'in', operands: node.args };
    default:
      return null;
  }
}

const plainOperators = ['?:', '==', '!=', '<', '<=', '>', '>='] as const;

type Plain = Extract<ASTNode, { readonly op: (typeof plainOperators)[number] }>;

function isPlainOperator(node: ASTNode): node is Plain {
  return plainOperators.some((op) => op === node.op);
}

function allOf(nodes: readonly ASTNode[], make: (read: readonly ExpressionIr[]) => ExpressionIr): Read {
  const read: ExpressionIr[] = [];
  for (const node of nodes) {
    const one = expressionOf(node);
    if (typeof one === 'string') return one;
    read.push(one);
  }
  return make(read);
}

/** Of a chain: it can be balanced then. */
function termsOf(node: ASTNode, op: '&&' | '||'): readonly ASTNode[] {
  return node.op === op ? node.args.flatMap((term) => termsOf(term, op)) : [node];
}

function valueOf(value: unknown): Read {
  if (typeof value === 'string' || typeof value === 'boolean') return { type: 'Value', value };
  if (typeof value === 'bigint')
    return Number.isSafeInteger(Number(value))
      ? { type: 'Value', value: Number(value) }
      : 'it has a number that is too large';
  return 'it has a value that is not a string, an integer, true or false';
}

/** An attribute or a header. */
function factOf(node: ASTNode): Read {
  if (node.op === '[]' && isHeaders(node.args[0])) return named('Header', node.args[1]);
  if (node.op === '.') {
    const [from, field] = node.args;
    if (isHeaders(from)) return { type: 'Header', name: field };
    if (from.op === 'id' && !isHeaders(node)) return { type: 'Attribute', name: `${from.args}.${field}` };
  }
  if (node.op === 'id') return `${node.args} cannot be used in it`;
  return isHeaders(node)
    ? "request.headers can only be used as request.headers['name'] or 'name' in request.headers"
    : '[] can only be used with request.headers';
}

function named(type: 'Header' | 'HasHeader', name: ASTNode): Read {
  return name.op === 'value' && typeof name.args === 'string'
    ? { type, name: name.args }
    : 'the name of a header must be a string';
}

function isHeaders(node: ASTNode): boolean {
  if (node.op !== '.' || node.args[1] !== 'headers') return false;
  const [from] = node.args;
  return from.op === 'id' && from.args === 'request';
}

function depthOf(expression: ExpressionIr): number {
  switch (expression.type) {
    case 'Call':
      return Math.ceil(Math.log2(Math.max(2, expression.operands.length))) + deepestOf(expression.operands);
    case 'List':
      return 1 + deepestOf(expression.items);
    default:
      return 1;
  }
}

function deepestOf(expressions: readonly ExpressionIr[]): number {
  return Math.max(0, ...expressions.map((one) => depthOf(one)));
}
