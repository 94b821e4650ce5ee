import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import { admit } from '../../../api/admission.ts';
import { kindDefinitions } from '../../../api/v1alpha1/kinds.ts';
import { crdFiles } from '../../../config/crd-files.ts';

const config = join(import.meta.dirname, '../../../config');

describe('config/crd', () => {
  test('holds what the schemas say: run `node config/generate.ts` if it does not', () => {
    const committed = readdirSync(join(config, 'crd'))
      .toSorted()
      .map((name) => ({ name, text: readFileSync(join(config, 'crd', name), 'utf8') }));
    const generated = crdFiles().toSorted((a, b) => (a.name < b.name ? -1 : 1));

    expect(committed).toEqual(generated);
  });

  test('is generated the same each time', () => {
    expect(crdFiles()).toEqual(crdFiles());
  });

  test('has no empty list: an API server leaves it out, and each apply would be a change', () => {
    for (const { text } of crdFiles()) expect(text).not.toMatch(/x-kubernetes-[a-z-]+: \[\]/);
  });

  test('reads the same as YAML 1.1, which kubectl speaks, and as YAML 1.2', () => {
    for (const { text } of crdFiles()) {
      const [old] = parseAllDocuments(text, { version: '1.1' });
      const [present] = parseAllDocuments(text);
      expect(old?.toJS()).toEqual(present?.toJS());
    }
  });
});

describe('config/samples', () => {
  const samples = readdirSync(join(config, 'samples')).toSorted();

  test('has one for each kind', () => {
    const expected = kindDefinitions.map(({ singular }) => `${singular}.yaml`);

    expect(samples).toEqual(expected.toSorted());
  });

  test.each(samples)('%s is admitted', (name) => {
    const documents = parseAllDocuments(readFileSync(join(config, 'samples', name), 'utf8'));

    for (const document of documents) {
      expect(admit(document.toJS())).toEqual({ ok: true, object: expect.anything() });
    }
  });
});
