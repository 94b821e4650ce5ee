import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { kindDefinitions } from '../../../api/v1alpha1/kinds.ts';
import { conditionType, reason } from '../../../operator/conditions/conditions.ts';

const readme = readFileSync(join(import.meta.dirname, '../../../api/README.md'), 'utf8');

/** The first cells of the table whose first column has this heading. */
function firstColumn(heading: string): readonly string[] {
  const [, table = ''] = readme.split(`\n| ${heading} |`);
  const rows = table.split('\n\n', 1)[0]?.split('\n').slice(2) ?? [];
  return rows.flatMap((row) => /^\| `(\w+)` \|/.exec(row)?.[1] ?? []);
}

test('api/README.md lists exactly the condition types there are', () => {
  expect(firstColumn('type').toSorted()).toEqual(Object.values(conditionType).toSorted());
});

test('api/README.md lists exactly the reasons there are', () => {
  expect(firstColumn('reason').toSorted()).toEqual(Object.values(reason).toSorted());
});

test('api/README.md lists exactly the kinds there are', () => {
  expect(firstColumn('kind')).toEqual(kindDefinitions.map(({ kind }) => kind));
});

test.each(kindDefinitions)('api/README.md names the fields of $kind', ({ kind, spec }) => {
  const row = readme.split('\n').find((line) => line.startsWith(`| \`${kind}\``)) ?? '';

  const fields = [...(row.split('|').at(-2) ?? '').matchAll(/`(\w+)`/g)].map(([, field]) => field);
  expect(fields).toEqual(Object.keys(spec.shape));
});
