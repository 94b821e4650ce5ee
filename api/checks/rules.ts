// The CEL rules and list types of a structural schema, evaluated without an API server, as that one would.
// Its entry: brokenRules. It takes values that the schema has parsed, defaults included.
import { Environment } from '@marcbachmann/cel-js';
import { RE2JS } from 're2js';
import { type CelRule, re2Rule } from '../schema.ts';
import type { StructuralSchema } from '../structural.ts';
import { expressionSize, maxExpressionSize } from './expression-size.ts';
import { memberPath } from './field-path.ts';
import { isRecord } from './fields.ts';

/** Checks that can be left out: re2 is the syntax of regular expressions. */
export type SkippableCheck = 're2';

const environment = new Environment({ unlistedVariablesAreDyn: true });
type Program = ReturnType<Environment['parse']>;
const programs = new Map<string, Program>();

/** One sentence or two for each rule the value breaks; path is where the value stands. */
export function brokenRules(
  value: unknown,
  schema: StructuralSchema,
  path: string,
  skip: ReadonlySet<SkippableCheck>,
): readonly string[] {
  if (value === undefined) return [];
  const rules = (schema['x-kubernetes-validations'] ?? []).filter(
    ({ rule }) => !(skip.has('re2') && rule === re2Rule.rule),
  );
  const self = rules.length === 0 ? value : celValue(value, schema);
  return [
    ...rules.flatMap((rule) => brokenRule(rule, self, path)),
    ...repeatedItems(value, schema, path),
    ...members(value, schema, path).flatMap(([child, childSchema, childPath]) =>
      brokenRules(child, childSchema, childPath, skip),
    ),
  ];
}

type Member = readonly [value: unknown, schema: StructuralSchema, path: string];

function members(value: unknown, schema: StructuralSchema, path: string): readonly Member[] {
  const { items, properties, additionalProperties } = schema;
  if (Array.isArray(value) && items !== undefined) {
    return value.map((item, i) => [item, items, memberPath(path, i)] as const);
  }
  if (!isRecord(value)) return [];
  return Object.entries(value).flatMap(([name, child]) => {
    const childSchema = properties?.[name] ?? additionalProperties;
    return childSchema === undefined ? [] : [[child, childSchema, memberPath(path, name)] as const];
  });
}

/**
 * Maps of any keys as Map: the CEL library tells a map by its `constructor`, which may be one of the keys of a
 * plain object.
 */
function celValue(value: unknown, schema: StructuralSchema): unknown {
  const { items, properties, additionalProperties } = schema;
  if (Array.isArray(value)) return items === undefined ? value : value.map((item) => celValue(item, items));
  if (!isRecord(value)) return value;
  if (additionalProperties !== undefined) {
    return new Map(Object.entries(value).map(([key, item]) => [key, celValue(item, additionalProperties)]));
  }
  const fields = Object.entries(value).map(([name, child]) => {
    const field = properties?.[name];
    return [name, field === undefined ? child : celValue(child, field)] as const;
  });
  return Object.fromEntries(fields);
}

function brokenRule(rule: CelRule, self: unknown, path: string): readonly string[] {
  if (rule.rule === re2Rule.rule) return brokenExpression(self, path);
  try {
    return program(rule.rule)({ self }) === true ? [] : [`${path}: ${rule.message}`];
  } catch (error) {
    return [`${path}: ${rule.message} (${firstLine(error)})`];
  }
}

// Not by the CEL library: it has JavaScript's regular expressions, which are not Envoy's.
function brokenExpression(self: unknown, path: string): readonly string[] {
  if (!isRecord(self) || self['type'] !== 'RegularExpression') return [];
  // To compile it would cost what the bound on its size is there to save.
  if (expressionSize(String(self['value'])) > maxExpressionSize) return [];
  try {
    RE2JS.compile(String(self['value']));
    return [];
  } catch (error) {
    return [`${path}: ${re2Rule.message} (${firstLine(error)})`];
  }
}

function program(rule: string): Program {
  const present = programs.get(rule);
  if (present !== undefined) return present;
  const parsed = environment.parse(rule);
  programs.set(rule, parsed);
  return parsed;
}

function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split('\n', 1)[0] ?? '';
}

function repeatedItems(value: unknown, schema: StructuralSchema, path: string): readonly string[] {
  if (!Array.isArray(value) || schema['x-kubernetes-list-type'] === undefined) return [];
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  const seen = new Set<string>();
  return value.flatMap((item, i) => {
    const identity = identityOf(item, keys);
    if (!seen.has(identity)) {
      seen.add(identity);
      return [];
    }
    return [`${memberPath(path, i)} repeats ${identity}. Remove it, or change it.`];
  });
}

/** `name "v1"`, `bindAddress "::1" and bindPort 80`; a scalar is its own identity. */
function identityOf(item: unknown, keys: readonly string[]): string {
  if (!isRecord(item)) return JSON.stringify(item);
  return keys.map((key) => `${key} ${JSON.stringify(item[key])}`).join(' and ');
}
