// Envoy's own constraints (validate.rules) on one message: what must be set, and within which bounds.
// Envoy refuses a whole response for one of these, so they are checked before publication. Entry: constraintProblems.
import type { Rules, RuleValue } from '../proto/descriptor.ts';
import { scalars } from '../proto/scalars.ts';
import type { FieldShape, MessageShape, ValueType } from '../proto/shapes.ts';
import type { EnvoyMessage, EnvoyValue } from '../proto/envoy-message.ts';
import type { Problem } from './problem.ts';
import { type Rule, rules as knownRules } from './rules.ts';
import { isMessage, itemsOf, textOf } from './walk.ts';

const none: readonly never[] = [];

/** Whether any rule is about messages of this shape. */
export function isConstrained(shape: MessageShape): boolean {
  const { oneofs, fields } = constraintsOf(shape);
  return oneofs.length > 0 || fields.length > 0;
}

/** What is wrong with the message itself; messages in it are visited on their own. */
export function constraintProblems(shape: MessageShape, message: EnvoyMessage): readonly Problem[] {
  const { oneofs, fields } = constraintsOf(shape);
  let problems: Problem[] | undefined;
  for (const members of oneofs) {
    if (isOneSet(members, message)) continue;
    (problems ??= []).push({ path: '', text: `one of ${members.join(', ')} must be set` });
  }
  for (const field of fields) {
    const found = fieldProblems(field, message);
    if (found.length > 0) (problems ??= []).push(...found);
  }
  return problems ?? none;
}

type ConstrainedField = FieldShape & { readonly rules: Rules };

interface Constraint {
  readonly field: ConstrainedField;
  /** What is wrong where the field is not set. */
  readonly absence: readonly Problem[];
  /** There are rules for each item of the list or map. */
  readonly isOfItems: boolean;
}

/** Of one shape, looked up once. */
interface Constraints {
  /** The members of each oneof of which one must be set. */
  readonly oneofs: readonly (readonly string[])[];
  readonly fields: readonly Constraint[];
}

const known = new WeakMap<MessageShape, Constraints>();

function constraintsOf(shape: MessageShape): Constraints {
  let constraints = known.get(shape);
  if (constraints === undefined) {
    const all = [...shape.fields.values()];
    constraints = {
      oneofs: shape.requiredOneofs.map((oneof) =>
        all.filter((field) => field.oneof === oneof).map(({ name }) => name),
      ),
      fields: all.filter(isRuled).map((field) => {
        return { field, absence: absenceProblems(field), isOfItems: hasItemRules(field.rules) };
      }),
    };
    known.set(shape, constraints);
  }
  return constraints;
}

function isRuled(field: FieldShape): field is ConstrainedField {
  return field.rules !== null;
}

function isOneSet(members: readonly string[], message: EnvoyMessage): boolean {
  for (const name of members) if (isSet(message[name])) return true;
  return false;
}

function isSet(value: EnvoyValue | undefined): value is Exclude<EnvoyValue, null> {
  return value !== undefined && value !== null;
}

function fieldProblems({ field, absence, isOfItems }: Constraint, message: EnvoyMessage): readonly Problem[] {
  const value = message[field.name];
  if (!isSet(value)) return absence;
  const own = named(field, applyRules(field.rules, valueOf(field.type, field.cardinality === 'one', value)));
  return isOfItems ? [...own, ...itemProblems(field, value)] : own;
}

/** A member of a oneof need not be set, nor a message that is not required; any other field then holds its default. */
function absenceProblems(field: ConstrainedField): readonly Problem[] {
  if (field.oneof !== null || field.presence) return none;
  if (field.cardinality === 'one' && field.type.kind === 'message') {
    const isRequired = ['message', 'any', 'duration'].some(
      (kind) => ruleset(field.rules, kind)['required'] === true,
    );
    return isRequired ? [{ path: field.name, text: 'must be set' }] : none;
  }
  return named(field, applyRules(field.rules, defaultOf(field)));
}

function named(field: ConstrainedField, texts: readonly string[]): readonly Problem[] {
  return texts.length === 0 ? none : texts.map((text) => ({ path: field.name, text }));
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

function hasItemRules(rules: Rules): boolean {
  const ofMap = ruleset(rules, 'map');
  return [ruleset(rules, 'repeated')['items'], ofMap['keys'], ofMap['values']].some((it) => it !== undefined);
}

/** The rules that a list has for its items, and a map for its keys and values. */
function itemProblems(field: ConstrainedField, value: EnvoyValue): readonly Problem[] {
  const ofMap = ruleset(field.rules, 'map');
  const items = ruleset(field.rules, 'repeated')['items'] ?? ofMap['values'];
  if (items === undefined && ofMap['keys'] === undefined) return none;
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
