// The table of vehicles says what is so: each of its changes is made to a world in which every field says something, and the types
// of resources that change are those of its row. A field of a schema without a row fails.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { parse, parseAllDocuments } from 'yaml';
import { admit } from '../../../api/admission.ts';
import { typeUrl, type TypeUrl } from '../../../operator/envoy/proto/type-urls.ts';
import { createResourceBuilder } from '../../../operator/envoy/resources/build.ts';
import type { XdsResource } from '../../../operator/envoy/resources/xds-resource.ts';
import { createTranslator } from '../../../operator/translate/translator.ts';
import { rememberEach } from '../../../operator/values/remember.ts';
import { resourcesOfDocuments, translateOptions } from '../../support/builders.ts';
import type { Row } from './vehicle-rows.ts';
import { table } from './vehicles.ts';

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

const world = parseAllDocuments(readFileSync('test/golden/vehicles/world.yaml', 'utf8')).map(
  (document) => document.toJS() as Item,
);
// They remember, as in the operator: a row costs what it changes.
const translate = createTranslator(translateOptions);
const buildResources = createResourceBuilder();
const textsOf = rememberEach((resources: readonly XdsResource[]) => resources.map((one) => textOf(one)));
const textOf = rememberEach(({ typeUrl: type, name, message }: XdsResource) => {
  return [vehicles[type], name, JSON.stringify(message)] as const;
});
const before = resourcesOf(world);

/** What each proxy has: workload, type and name → content. */
function resourcesOf(documents: readonly Item[]): ReadonlyMap<string, string> {
  const { ir } = translate(resourcesOfDocuments(documents));
  if (ir === null) throw new Error('there is a Mesh in world.yaml');
  const { layers, views } = buildResources(ir, { trustBundle: 'roots' });
  return new Map(
    [...views].flatMap(([workload, ids]) =>
      ids
        .flatMap((id) => textsOf(layers.get(id) ?? []))
        .map(([vehicle, name, text]) => [`${vehicle} ${workload} ${name}`, text] as const),
    ),
  );
}

function isOf({ object }: Row): (item: Item) => boolean {
  return ({ kind, metadata }) => `${kind}/${metadata.name}` === object;
}

function changed(row: Row): readonly Item[] {
  const { object, field, to, also } = row;
  const found = world.find(isOf(row));
  if (found === undefined) throw new Error(`there is no ${object} in world.yaml`);
  const item = structuredClone(found);
  for (const [path, value] of [...Object.entries(also), [field, to]] as const) write(item.spec, path, value);
  return world.map((one) => (one === found ? item : one));
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
  const [document] = changed(row).filter(isOf(row));

  expect(admit(document)).toMatchObject({ ok: true });
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

  expect(fields.filter((field) => !rows.has(field))).toEqual([]);
  expect([...rows].filter((row) => !fields.includes(row))).toEqual([]);
});

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
