// Envoy's own constraints (validate.rules) on one message: what must be set, and within which bounds.
// Envoy refuses a whole response for one of these, so they are checked before publication. Entry: constraintProblems.
import type { Rules, RuleValue } from '../proto/descriptor.ts';
import { scalars } from '../proto/scalars.ts';
import type { FieldShape, MessageShape, ValueType } from '../proto/shapes.ts';
import type { EnvoyMessage, EnvoyValue } from '../proto/envoy-message.ts';
import type { Problem } from './problem.ts';
import { type Rule, rules as knownRules } from './rules.ts';
import { isMessage, itemsOf, textOf } from './walk.ts';

/** What is wrong with the message itself; messages in it are visited on their own. */
export function constraintProblems(shape: MessageShape, message: EnvoyMessage): readonly Problem[] {
  return [
    ...missingOneofs(shape, message),
    ...constrainedFields(shape).flatMap((it) => fieldProblems(it, message)),
  ];
}

type ConstrainedField = FieldShape & { readonly rules: Rules };

const constrained = new WeakMap<MessageShape, readonly ConstrainedField[]>();

function constrainedFields(shape: MessageShape): readonly ConstrainedField[] {
  let fields = constrained.get(shape);
  if (fields === undefined) {
    fields = [...shape.fields.values()].filter((field): field is ConstrainedField => field.rules !== null);
    constrained.set(shape, fields);
  }
  return fields;
}

function missingOneofs(shape: MessageShape, message: EnvoyMessage): readonly Problem[] {
  return shape.requiredOneofs.flatMap((oneof) => {
    const members = [...shape.fields.values()]
      .filter((field) => field.oneof === oneof)
      .map((field) => field.name);
    if (members.some((name) => isSet(message[name]))) return [];
    return [{ path: '', text: `one of ${members.join(', ')} must be set` }];
  });
}

function isSet(value: EnvoyValue | undefined): value is Exclude<EnvoyValue, null> {
  return value !== undefined && value !== null;
}

function fieldProblems(field: ConstrainedField, message: EnvoyMessage): readonly Problem[] {
  const value = message[field.name];
  if (!isSet(value)) return absenceProblems(field);
  const problems = applyRules(field.rules, valueOf(field.type, field.cardinality === 'one', value));
  const own = problems.map((text) => ({ path: field.name, text }));
  return field.cardinality === 'one' ? own : [...own, ...itemProblems(field, value)];
}

/** A member of a oneof need not be set, nor a message that is not required; any other field then holds its default. */
function absenceProblems(field: ConstrainedField): readonly Problem[] {
  if (field.oneof !== null || field.presence) return [];
  if (field.cardinality === 'one' && field.type.kind === 'message') {
    const isRequired = ['message', 'any', 'duration'].some(
      (kind) => ruleset(field.rules, kind)['required'] === true,
    );
    return isRequired ? [{ path: field.name, text: 'must be set' }] : [];
  }
  return applyRules(field.rules, defaultOf(field)).map((text) => ({ path: field.name, text }));
}

function defaultOf({ cardinality, type }: FieldShape): EnvoyValue {
  if (cardinality !== 'one') return cardinality === 'many' ? [] : {};
  return type.kind === 'scalar' ? scalars[type.scalar].zero : 0;
}

/** What the rules are about: a wrapper's value, an enum's number, a list or a map as a whole. */
function valueOf(type: ValueType, isSingle: boolean, value: EnvoyValue): EnvoyValue {
  if (!isSingle) return value;
  if (type.kind === 'enum') return type.enum.numbers.get(textOf(value)) ?? 0;
  const isOpenWrapper = type.kind === 'message' && type.message.form === 'wrapper' && isMessage(value);
  return isOpenWrapper ? (value['value'] ?? 0) : value;
}

function ruleset(rules: Rules, kind: string): Rules {
  const set = rules[kind];
  return isRules(set) ? set : {};
}

function isRules(value: RuleValue | undefined): value is Rules {
  return typeof value === 'object' && !Array.isArray(value);
}

/** A set of rules, looked up once: sets come from the descriptor and live as long as it does. */
interface RuleSet {
  readonly ignoresEmpty: boolean;
  readonly rules: readonly (readonly [Rule, RuleValue])[];
}

const ruleSets = new WeakMap<Rules, RuleSet>();

function ruleSetOf(rules: Rules): RuleSet {
  let set = ruleSets.get(rules);
  if (set === undefined) {
    const kinds = Object.keys(rules);
    set = {
      ignoresEmpty: kinds.some((kind) => ruleset(rules, kind)['ignore_empty'] === true),
      rules: kinds.flatMap((kind) =>
        Object.entries(ruleset(rules, kind)).flatMap(([name, argument]) => {
          const rule = knownRules[kind]?.[name];
          return rule === undefined ? [] : [[rule, argument] as const];
        }),
      ),
    };
    ruleSets.set(rules, set);
  }
  return set;
}

const none: readonly string[] = [];

function applyRules(rules: Rules, value: EnvoyValue): readonly string[] {
  const set = ruleSetOf(rules);
  if (set.ignoresEmpty && value === '') return none;
  let problems: string[] | undefined;
  for (const [rule, argument] of set.rules) {
    const problem = rule(value, argument);
    if (problem !== null) (problems ??= []).push(problem);
  }
  return problems ?? none;
}

/** The rules that a list has for its items, and a map for its keys and values. */
function itemProblems(field: ConstrainedField, value: EnvoyValue): readonly Problem[] {
  const ofMap = ruleset(field.rules, 'map');
  const items = ruleset(field.rules, 'repeated')['items'] ?? ofMap['values'];
  const keys = isMessage(value)
    ? Object.keys(value).map((key) => [`[${JSON.stringify(key)}]`, key] as const)
    : [];
  const values = itemsOf(field, value).map(
    ([path, item]) => [path, valueOf(field.type, true, item)] as const,
  );
  return [...eachOf(field, keys, ofMap['keys']), ...eachOf(field, values, items)];
}

function eachOf(
  field: ConstrainedField,
  values: readonly (readonly [string, EnvoyValue])[],
  rules: RuleValue | undefined,
): readonly Problem[] {
  if (!isRules(rules)) return [];
  return values.flatMap(([path, value]) =>
    applyRules(rules, value).map((text) => ({ path: field.name + path, text })),
  );
}
