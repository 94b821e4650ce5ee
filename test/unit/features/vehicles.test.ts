// The table of vehicles says what is so: each of its changes is made to a world in which every field says something, and the types
// of resources that change are those of its row. A field of a schema without a row fails.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { parse, parseAllDocuments, stringify } from 'yaml';
import { admit } from '../../../api/admission.ts';
import { typeUrl, type TypeUrl } from '../../../operator/envoy/proto/type-urls.ts';
import { buildResources } from '../../../operator/envoy/resources/build.ts';
import { translate } from '../../../operator/translate/translate.ts';
import { resourcesFromYaml, translateOptions } from '../../support/builders.ts';
import { type Row, table } from './vehicles.ts';

const vehicles: Readonly<Record<TypeUrl, string>> = {
  [typeUrl.runtime]: 'RTDS',
  [typeUrl.cluster]: 'CDS',
  [typeUrl.endpoint]: 'EDS',
  [typeUrl.listener]: 'LDS',
  [typeUrl.route]: 'RDS',
  [typeUrl.virtualHost]: 'VHDS',
  [typeUrl.secret]: 'SDS',
  [typeUrl.extensionConfig]: 'ECDS',
};

interface Item {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: unknown;
}

const world = readFileSync('test/golden/vehicles/world.yaml', 'utf8');
const before = resourcesOf(world);

/** What each proxy has: workload, type and name → content. */
function resourcesOf(yaml: string): ReadonlyMap<string, string> {
  const { ir } = translate(resourcesFromYaml(yaml), translateOptions);
  if (ir === null) throw new Error('there is a Mesh in world.yaml');
  const { layers, views } = buildResources(ir, { trustBundle: 'roots' });
  return new Map(
    [...views].flatMap(([workload, ids]) =>
      ids
        .flatMap((id) => layers.get(id) ?? [])
        .map((it) => [`${vehicles[it.typeUrl]} ${workload} ${it.name}`, JSON.stringify(it.message)] as const),
    ),
  );
}

function changed({ object, field, to, also }: Row): string {
  const documents = parseAllDocuments(world).map((document) => document.toJS() as Item);
  const item = documents.find(({ kind, metadata }) => `${kind}/${metadata.name}` === object);
  if (item === undefined) throw new Error(`there is no ${object} in world.yaml`);
  for (const [path, value] of [...Object.entries(also), [field, to]] as const) write(item.spec, path, value);
  return documents.map((document) => stringify(document)).join('---\n');
}

/** @throws where there is nothing, or just this */
function write(spec: unknown, path: string, value: unknown): void {
  const keys = path.split('.');
  const last = keys.pop() ?? '';
  let place = spec as Record<string, unknown>;
  for (const key of keys) place = place[key] as typeof place;
  if (place[last] === undefined) throw new Error(`there is no ${path}`);
  if (JSON.stringify(place[last]) === JSON.stringify(value)) throw new Error(`${path} says so already`);
  if (value === null) delete place[last];
  else place[last] = structuredClone(value);
}

/** The types of which a resource is new, gone or another. */
function moved(row: Row): string {
  const after = resourcesOf(changed(row));
  const names = [...new Set([...before.keys(), ...after.keys()])];
  const different = names.filter((name) => before.get(name) !== after.get(name));
  return [...new Set(different.map((name) => name.slice(0, name.indexOf(' '))))].toSorted().join(' ');
}

test.each(table)('$object $field', (row) => {
  expect(moved(row)).toEqual(row.by);
});

test.each(table)('$object $field: an API server would take it', (row) => {
  const documents = parseAllDocuments(changed(row)).map((document): unknown => document.toJS());
  const ours = documents.filter((document) => JSON.stringify(document).includes('meshwright.dev/v1alpha1'));

  expect(ours.map((document) => admit(document)).filter(({ ok }) => !ok)).toEqual([]);
});

test('what comes with a listener, or by no vehicle, says why', () => {
  const unexplained = table.filter(
    ({ by, because }) => (by === '' || by.includes('LDS')) !== (because !== null),
  );

  expect(unexplained).toEqual([]);
});

test('every field of every kind has a row', () => {
  const rows = new Set(
    table.map(({ object, field }) => `${object.split('/', 1)[0]}.${field.replaceAll(/\.\d+/g, '[]')}`),
  );
  const fields = readdirSync('config/crd').flatMap((file) =>
    fieldsOfCrd(parse(readFileSync(join('config/crd', file), 'utf8')) as Definition),
  );

  expect(fields.filter((field) => !rows.has(field) && !(field in withoutChoice))).toEqual([]);
  expect([...rows].filter((row) => !fields.includes(row))).toEqual([]);
});

/** Fields that have but one value. */
const withoutChoice: Readonly<Record<string, string>> = { 'Mesh.certificates.authority.type': 'BuiltIn' };

interface Schema {
  readonly type?: string;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
}

interface Definition {
  readonly spec: {
    readonly names: { readonly kind: string };
    readonly versions: readonly { readonly schema: { readonly openAPIV3Schema: Schema } }[];
  };
}

function fieldsOfCrd({ spec }: Definition): readonly string[] {
  return spec.versions.flatMap(({ schema }) => {
    const root = schema.openAPIV3Schema.properties?.['spec'];
    return root === undefined ? [] : fieldsOf(root, spec.names.kind);
  });
}

/** `TrafficPolicy.routes[].name` */
function fieldsOf({ items, properties }: Schema, path: string): readonly string[] {
  if (items !== undefined) return fieldsOf(items, `${path}[]`);
  if (properties === undefined) return [path];
  return Object.entries(properties).flatMap(([name, schema]) => fieldsOf(schema, `${path}.${name}`));
}
