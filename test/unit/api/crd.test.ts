import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { customResourceDefinition } from '../../../api/crd.ts';
import { celRaw } from '../../../api/schema.ts';
import { structuralSchema } from '../../../api/structural.ts';
import { kindDefinitions } from '../../../api/v1alpha1/kinds.ts';

const text = z.string().max(8).describe('Text.');

describe('a schema that a CRD cannot express is refused by the name of the field', () => {
  test.each([
    ['a union', z.union([text, z.int()]).describe('A.'), 'anyOf is not structural: use a type field'],
    ['a string without a bound', z.string().describe('A.'), 'bound the string with max()'],
    ['a list without a bound', z.array(text).describe('A.'), 'bound the list with max()'],
    ['a map without a bound', z.record(z.string(), text).describe('A.'), 'bound the map with maxProperties'],
    ['a field without a description', z.string().max(8), 'describe() the field.'],
    ['a keyword of JSON Schema', text.meta({ examples: ['a'] }), 'a CRD has no examples'],
    ['anything', z.unknown().describe('A.'), 'a CRD needs one type here.'],
    ['named fields and a map', z.looseObject({ b: text }).catchall(text).describe('A.'), 'choose one'],
  ])('%s', (_, schema, message) => {
    expect(() => structuralSchema(z.object({ a: schema }), 'Kind.spec')).toThrow(message);
    expect(() => structuralSchema(z.object({ a: schema }), 'Kind.spec')).toThrow('Kind.spec.a');
  });

  test.each(['on', 'Off', 'y'])('a field named %s, which YAML 1.1 reads as a boolean', (name) => {
    expect(() => structuralSchema(z.object({ [name]: text }), 'Kind.spec')).toThrow(
      'YAML reads this name as a boolean',
    );
  });

  test('also deep inside', () => {
    const schema = z.object({
      list: z
        .array(z.object({ a: z.string().describe('A.') }))
        .max(1)
        .describe('L.'),
    });

    expect(() => structuralSchema(schema, 'Kind.spec')).toThrow('Kind.spec.list[].a: bound the string');
  });
});

test('what zod adds for JavaScript does not reach the CRD', () => {
  const schema = z.object({
    count: z.int().min(0).default(1).describe('Count.'),
    at: z.iso.datetime().optional().describe('When.'),
  });

  expect(structuralSchema(schema, 'Kind.spec')).toEqual({
    type: 'object',
    properties: {
      count: { description: 'Count.', type: 'integer', minimum: 0, default: 1 },
      at: { description: 'When.', type: 'string', format: 'date-time' },
    },
  });
});

test('an expression becomes a CEL raw string, or an error if it cannot', () => {
  expect(celRaw(/^\/[^*]*$/)).toBe("r'^/[^*]*$'");
  expect(() => celRaw(/'/)).toThrow('single quote');
});

describe.each(kindDefinitions)('the CRD of $kind', (definition) => {
  const { metadata, spec } = customResourceDefinition(definition);
  const [version] = spec.versions;
  const properties = version?.schema.openAPIV3Schema.properties;

  test('is named after its plural and group, and serves one version with a status subresource', () => {
    expect(metadata.name).toBe(`${definition.plural}.meshwright.dev`);
    expect(spec.scope).toBe(definition.scope);
    expect(spec.versions).toEqual([
      expect.objectContaining({
        name: 'v1alpha1',
        served: true,
        storage: true,
        subresources: { status: {} },
      }),
    ]);
  });

  test('keeps conditions as a map by type and requires observedGeneration', () => {
    expect(properties?.['status']?.properties?.['conditions']).toMatchObject({
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['type'],
      items: { required: expect.arrayContaining(['type', 'status', 'observedGeneration']) },
    });
  });

  test('has rules whose messages are sentences', () => {
    const messages = [...JSON.stringify(properties).matchAll(/"message":"((?:[^"\\]|\\.)*)"/g)].map(
      ([, found]) => found,
    );

    for (const message of messages) expect(message).toMatch(/^[A-Z].*\.$/);
    expect(messages.length).toBeGreaterThan(0);
  });

  test('has descriptions that end in a full stop', () => {
    const descriptions = [...JSON.stringify(properties).matchAll(/"description":"((?:[^"\\]|\\.)*)"/g)];

    for (const [, description] of descriptions) expect(description).toMatch(/^.+\.$/);
  });
});
