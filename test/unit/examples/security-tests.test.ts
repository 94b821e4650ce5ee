// docs/security-tests.md names nothing that is not there, and leaves no field of a SecurityPolicy out.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';

const page = readFileSync('docs/security-tests.md', 'utf8');

/** The cells of each row below a heading, without the header. */
function rowsOf(heading: string): readonly (readonly string[])[] {
  const [, section = ''] = new RegExp(`^## ${heading}\n(.*?)(?=^## |$(?![^]))`, 'ms').exec(page) ?? [];
  const lines = section.split('\n').filter((line) => line.startsWith('|'));
  return lines.slice(2).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

const features = rowsOf('Features');
const named = [...rowsOf('Attacks'), ...rowsOf('When something is broken')];

describe('tests', () => {
  const cells = [...features.map(([feature = '', , , tests = '']) => [feature, tests]), ...named];

  test.each(cells)('of %s', (_, cell = '') => {
    const tests = [...cell.matchAll(/([\w/-]+) "([^"]+)"/g)];

    expect(tests.map(([text]) => text).join('; ')).toBe(cell);
    expect(tests.length).toBeGreaterThan(0);
    expect(tests.filter(([, file = '', title = '']) => !hasTitle(fileOf(file), title))).toEqual([]);
  });

  test('are those of many', () => {
    expect(cells.length).toBeGreaterThan(40);
  });
});

function fileOf(name: string): string {
  if (name.startsWith('e2e/topics/')) return join('test', `${name}.ts`);
  return join('test', name.includes('/') ? `${name}.test.ts` : `integration/${name}.test.ts`);
}

/** Of a test or a group: as the first argument, or in the table that fills it in. */
function hasTitle(file: string, title: string): boolean {
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
  return lines.some((line) => line.includes(title) && /^\s*(?:test|describe|\]\)\(|['`])/.test(line));
}

test.each(features)(
  'golden and example of %s',
  (_feature, _fields = '', golden = '', _tests = '', example = '') => {
    const goldens = golden.split(', ').filter((name) => name !== '');
    const examples = example
      .split(', ')
      .map((name) => (name.endsWith('.md') ? join('docs', name) : join('docs/examples', `${name}.yaml`)));

    expect(goldens.filter((name) => !existsSync(join('test/golden', `${name}.in.yaml`)))).toEqual([]);
    expect(examples.filter((file) => !existsSync(file))).toEqual([]);
  },
);

test('each example is one of a feature', () => {
  const known = features.flatMap(([, , , , example = '']) => example.split(', '));
  const files = readdirSync('docs/examples/security').map((file) => `security/${file.replace('.yaml', '')}`);

  expect(files.filter((file) => !known.includes(file))).toEqual([]);
});

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
}

/** `mtls.ports[].port` of each field that holds no others. */
function leavesOf({ properties, items }: Schema, path = ''): readonly string[] {
  if (items !== undefined) return leavesOf(items, `${path}[]`);
  if (properties === undefined) return [path];
  return Object.entries(properties).flatMap(([name, schema]) =>
    leavesOf(schema, path === '' ? name : `${path}.${name}`),
  );
}

function leavesOfKind(plural: string): readonly string[] {
  const { spec } = parse(readFileSync(`config/crd/meshwright.dev_${plural}.yaml`, 'utf8')) as {
    spec: { versions: readonly { schema: { openAPIV3Schema: Schema } }[] };
  };
  return leavesOf(spec.versions[0]?.schema.openAPIV3Schema.properties?.['spec'] ?? {});
}

const fields = features.flatMap(([, cell = '']) => [...cell.matchAll(/(Mesh )?`([^`]+)`/g)]);

test.each([
  ['securitypolicies', undefined, /^/],
  ['meshes', 'Mesh ', /^(mtls|certificates|outbound)\./],
] as const)('fields of %s are there, and all have a row', (plural, kind, concerned) => {
  const leaves = leavesOfKind(plural);
  const listed = fields.filter(([, of]) => of === kind).map(([, , field = '']) => field);
  const isIn = (leaf: string, field: string): boolean =>
    leaf === field || /^(\.|\[)/.test(leaf.slice(field.length));
  const isListed = (leaf: string): boolean =>
    listed.some((field) => leaf.startsWith(field) && isIn(leaf, field));

  expect(
    listed.filter((field) => !leaves.some((leaf) => leaf.startsWith(field) && isIn(leaf, field))),
  ).toEqual([]);
  expect(leaves.filter((leaf) => concerned.test(leaf) && !isListed(leaf))).toEqual([]);
});

test('no golden holds a private key', () => {
  const goldens = readdirSync('test/golden', { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.yaml'),
  );

  expect(goldens.length).toBeGreaterThan(100);
  expect(
    goldens.filter((file) => readFileSync(join('test/golden', file), 'utf8').includes('PRIVATE KEY')),
  ).toEqual([]);
});
