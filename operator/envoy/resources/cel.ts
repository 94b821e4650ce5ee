// Expressions as trees: Envoy's sampler takes no text.
// @see https://github.com/google/cel-spec/blob/master/proto/cel/expr/syntax.proto
import type { ExpressionIr } from '../../ir/sampling.ts';
import type { EnvoyMessage } from '../proto/envoy-message.ts';

/** A cel.expr.Expr. */
export function celOf(expression: ExpressionIr): EnvoyMessage {
  switch (expression.type) {
    case 'Value':
      return constant(expression.value);
    case 'List':
      return { list_expr: { elements: expression.items.map((item) => celOf(item)) } };
    case 'Attribute':
      return attribute(expression.name);
    case 'Header':
      return textOf(headers, expression.name, header(expression.name));
    case 'HasHeader':
      return call('@in', constant(expression.name), headers);
    case 'Call':
      return operation(expression.of, expression.operands);
  }
}

export function constant(value: string | boolean | number): EnvoyMessage {
  if (typeof value === 'string') return { const_expr: { string_value: value } };
  return { const_expr: typeof value === 'boolean' ? { bool_value: value } : { int64_value: value } };
}

export function call(name: string, ...args: readonly EnvoyMessage[]): EnvoyMessage {
  return { call_expr: { function: name, args } };
}

/** What the header of this name says. There must be one. */
export function header(name: string): EnvoyMessage {
  return call('_[_]', headers, constant(name));
}

const ident = (name: string): EnvoyMessage => ({ ident_expr: { name } });
const headers: EnvoyMessage = { select_expr: { operand: ident('request'), field: 'headers' } };

/** Of a request that no route takes, or that one answers by itself. */
const absentAtTimes = new Set(['xds.route_name', 'xds.cluster_name']);

function attribute(name: string): EnvoyMessage {
  const [of = '', field = ''] = name.split('.');
  const value = { select_expr: { operand: ident(of), field } };
  return absentAtTimes.has(name) ? textOf(ident(of), field, value) : value;
}

/** Empty, where there is none: what has no value fails, with all that stands around it. */
function textOf(map: EnvoyMessage, key: string, value: EnvoyMessage): EnvoyMessage {
  return call('_?_:_', call('@in', constant(key), map), value, constant(''));
}

const operators: Readonly<Record<string, string>> = { '!': '!_', '?:': '_?_:_', in: '@in' };

function operation(of: string, operands: readonly ExpressionIr[]): EnvoyMessage {
  const args = operands.map((operand) => celOf(operand));
  if (of === '&&' || of === '||') return balanced(`_${of}_`, args);
  if (/^\W/.test(of) || of === 'in') return call(operators[of] ?? `_${of}_`, ...args);
  const [target = {}, ...others] = args;
  return { call_expr: { target, function: of, args: others } };
}

/** Envoy reads no messages that are a hundred in each other. */
function balanced(name: string, args: readonly EnvoyMessage[]): EnvoyMessage {
  const [only = {}] = args;
  if (args.length === 1) return only;
  const middle = Math.ceil(args.length / 2);
  return call(name, balanced(name, args.slice(0, middle)), balanced(name, args.slice(middle)));
}
