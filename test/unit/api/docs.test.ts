// What the documentation shows, an API server takes.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import { admit } from '../../../api/admission.ts';
import { apiVersion } from '../../../api/v1alpha1/common.ts';

const pages = [
  'README.md',
  ...readdirSync('docs')
    .filter((file) => file.endsWith('.md'))
    .map((file) => join('docs', file)),
];

/** The objects of our kinds in its blocks of YAML. */
function examplesIn(page: string): readonly unknown[] {
  const blocks = readFileSync(page, 'utf8').matchAll(/^```ya?ml\n([^`]*)^```/gm);
  return [...blocks]
    .flatMap(([, text = '']) => parseAllDocuments(text).map((document): unknown => document.toJS()))
    .filter((object) => JSON.stringify(object).includes(`"${apiVersion}"`));
}

test.each(pages)('the examples of %s are valid', (page) => {
  const refused = examplesIn(page)
    .map((example) => admit(example))
    .filter(({ ok }) => !ok);

  expect(refused).toEqual([]);
});

test('there are examples', () => {
  expect(pages.flatMap(examplesIn).length).toBeGreaterThan(1);
});
