import { describe, expect, test } from '@jest/globals';
import { type Catalog, readCatalog } from '../../../../operator/platform/files/catalog.ts';
import { type ParsedFile, parseFile } from '../../../../operator/platform/files/folder/documents.ts';
import { fileRef } from '../../../../operator/platform/files/folder/file-kinds.ts';

function service(name: string, metadata = ''): string {
  return `apiVersion: v1\nkind: Service\nmetadata: {name: ${name}${metadata}}\nspec: {clusterIP: 10.0.0.1}\n`;
}

const deployment = (name: string): string =>
  `apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: ${name}}\n`;
const policy =
  'apiVersion: meshwright.dev/v1alpha1\nkind: SecurityPolicy\nmetadata: {name: reviews}\nspec: {}\n';
const joined = (...documents: string[]): string => documents.join('---\n');

type Files = Readonly<Record<string, string | ParsedFile>>;

/** known: object → the file it was in. foreign: as the catalog said before. */
function read(
  files: Files,
  known: Readonly<Record<string, string>> = {},
  foreign: Catalog['foreign'] = new Map(),
): Catalog {
  const parsed = Object.entries(files).map(
    ([file, text]) => [file, typeof text === 'string' ? parseFile(file, text) : text] as const,
  );
  const objects = Object.entries(known).map(([name, file]) => {
    const isPolicy = name.startsWith('policy ');
    return {
      ref: fileRef(isPolicy ? 'SecurityPolicy' : 'Service', 'default', name.replace('policy ', '')),
      file,
    };
  });
  return readCatalog({ files: new Map(parsed), known: objects, foreign });
}

/** Object → `file:document`, or what is wrong. */
function said({ findings }: Catalog): Record<string, string> {
  return Object.fromEntries(
    [...findings].map(([key, finding]) => [
      key,
      finding.kind === 'document'
        ? `${finding.document.file}:${finding.document.number}${finding.rival === undefined ? '' : ` ${finding.rival}`}`
        : `broken: ${finding.problem}`,
    ]),
  );
}

describe('documents', () => {
  test('are taken from every file, sorted, in namespace default if they name none', () => {
    const catalog = read({
      'b.yaml': joined(service('reviews'), service('details', ', namespace: shop')),
      'a.yaml':
        '# nothing but a comment\n---\napiVersion: meshwright.dev/v1alpha1\nkind: Mesh\nmetadata: {name: m}\n',
    });

    expect([...catalog.findings.keys()]).toEqual([
      'Mesh//m',
      'Service/default/reviews',
      'Service/shop/details',
    ]);
    expect(catalog.problems).toEqual([]);
  });

  test('of unknown kinds are left out with a sentence, the rest of the file counts', () => {
    const catalog = read({ 'a.yaml': joined(deployment('web'), service('reviews')) });

    expect(said(catalog)).toEqual({ 'Service/default/reviews': 'a.yaml:2' });
    expect(catalog.problems).toEqual([
      'a.yaml, document 1 is ignored: Kind Deployment has no meaning without a cluster. Known kinds are Mesh, TrafficPolicy, SecurityPolicy, ExternalWorkload, Namespace, Service, ServiceAccount, ReferenceGrant.',
    ]);
  });

  test('of another apiVersion are left out with a sentence', () => {
    expect(read({ 'a.yaml': 'apiVersion: v1\nkind: Mesh\nmetadata: {name: m}\n' }).problems).toEqual([
      'a.yaml, document 1 is ignored: Mesh of apiVersion v1 is not known. Write apiVersion: meshwright.dev/v1alpha1.',
    ]);
  });
});

describe('two documents for one object', () => {
  const other = service('reviews').replace('10.0.0.1', '10.0.0.2');
  const rival = (chosen: string, other_: string): string =>
    `The object is defined twice, with differences. Only ${chosen} is used; ${other_} is ignored. Remove one of them.`;

  test('the first by file name counts, and the object says so', () => {
    const catalog = read({ 'b.yaml': other, 'a.yaml': joined(service('web'), service('reviews')) });

    expect(said(catalog)).toEqual({
      'Service/default/web': 'a.yaml:1',
      'Service/default/reviews': `a.yaml:2 ${rival('a.yaml, document 2', 'b.yaml, document 1')}`,
    });
  });

  test('the one in the file where the object was before counts', () => {
    expect(said(read({ 'b.yaml': other, 'a.yaml': service('reviews') }, { reviews: 'b.yaml' }))).toEqual({
      'Service/default/reviews': `b.yaml:1 ${rival('b.yaml, document 1', 'a.yaml, document 1')}`,
    });
  });

  test('that say the same only ask for one to be removed', () => {
    const catalog = read({ 'b.yaml': service('reviews'), 'a.yaml': service('reviews') });

    expect(said(catalog)).toEqual({ 'Service/default/reviews': 'a.yaml:1' });
    expect(catalog.problems).toEqual(['b.yaml, document 1 repeats a.yaml, document 1. Remove one of them.']);
  });

  test('a broken one where the object was before is an invalid edit, whatever another says', () => {
    const { findings } = read(
      { 'b.yaml': `${other}x: [`, 'a.yaml': service('reviews') },
      { reviews: 'b.yaml' },
    );

    expect(findings.get('Service/default/reviews')).toMatchObject({ kind: 'broken', file: 'b.yaml' });
  });
});

describe('a document that is broken is an invalid edit', () => {
  test.each([
    ['a stray line', policy.replace('spec: {}', 'spec:\n  a: 1\n  :::[\n  b: 2')],
    ['a stray line at the margin', policy.replace('spec: {}', ':::[\nspec: {}')],
    ['a stray line at the end', `${policy}:::[\n`],
    ['a key twice', policy.replace('spec: {}', 'spec: {}\nspec: {}')],
    ['an open bracket', policy.replace('spec: {}', 'spec: {a: [')],
    ['an open quote', policy.replace('spec: {}', 'spec: {a: "x}')],
    ['a tab', policy.replace('spec: {}', 'spec:\n\ta: 1')],
    ['a label that is a number', policy.replace('{name: reviews}', '{name: reviews, labels: {version: 2}}')],
    ['no apiVersion', policy.replace(/^.*\n/, '')],
    ['the end of the file within it', policy.slice(0, -11)],
  ])('of the object it is about: %s', (_, text) => {
    const { findings } = read({ 'a.yaml': joined(service('web'), text) }, { 'policy reviews': 'a.yaml' });

    expect([...findings].map(([key, { kind }]) => [key, kind])).toEqual([
      ['SecurityPolicy/default/reviews', 'broken'],
      ['Service/default/web', 'document'],
    ]);
  });

  test.each([
    ['it is one word', 'apiVers'],
    ['its name is no name', policy.replace('reviews', '../../etc/passwd')],
    ['its metadata are gone', policy.replace(/metadata.*\n/, '')],
    ['its kind is misspelt', policy.replace('SecurityPolicy', 'SecurityPolcy')],
    ['its kind is another one', policy.replace('SecurityPolicy', 'NetworkPolicy')],
    [
      'its kind is of another case, and its name is another',
      policy.replace('SecurityPolicy', 'securitypolicy').replace('reviews', 'other'),
    ],
    ['its apiVersion is another one', policy.replace('v1alpha1', 'v1')],
    ['its apiVersion is of another group', policy.replace('meshwright.dev', 'example.org')],
  ])('of the object that was there, if it cannot tell its own, as %s', (_, text) => {
    const files = { 'a.yaml': joined(service('web'), text), 'b.yaml': deployment('web') };

    const { findings } = read(files, { 'policy reviews': 'a.yaml', web: 'a.yaml' });

    expect([...findings].map(([key, { kind }]) => [key, kind])).toEqual([
      ['SecurityPolicy/default/reviews', 'broken'],
      ['Service/default/web', 'document'],
    ]);
  });

  test('that says where and why', () => {
    const text = joined(service('web'), policy.replace('spec: {}', 'spec: {}\nspec: {}'));

    expect(said(read({ 'a.yaml': text }))['SecurityPolicy/default/reviews']).toBe(
      'broken: a.yaml, line 10 (document 2): Not valid YAML: duplicated mapping key.',
    );
  });

  test('that tells how to remove the object all the same', () => {
    const text = policy.replace('SecurityPolicy', 'Polcy');

    expect(said(read({ 'a.yaml': text }, { 'policy reviews': 'a.yaml' }))).toEqual({
      'SecurityPolicy/default/reviews':
        'broken: a.yaml, document 1 is ignored: meshwright.dev/v1alpha1 has no kind Polcy. Known kinds are Mesh, TrafficPolicy, SecurityPolicy, ExternalWorkload, Namespace, Service, ServiceAccount, ReferenceGrant. It replaces SecurityPolicy default/reviews, which stays in force. Fix the document, or remove it to delete SecurityPolicy reviews.',
    });
  });
});

describe('an object that is known is missing', () => {
  test.each<[string, Files]>([
    ['when its file is gone', {}],
    ['when its file is empty', { 'a.yaml': '' }],
    ['when its document is taken out', { 'a.yaml': service('web') }],
    ['when a document of another kind and name comes', { 'a.yaml': deployment('other') }],
  ])('%s', (_, files) => {
    expect(read(files, { reviews: 'a.yaml' }).findings.has('Service/default/reviews')).toBe(false);
  });

  test('when it is taken out beside a document of its name that was there before', () => {
    const before = read({ 'a.yaml': joined(service('web'), deployment('web')) });

    const after = read({ 'a.yaml': deployment('web') }, { web: 'a.yaml' }, before.foreign);

    expect(after.findings.size).toBe(0);
  });

  test('and not, when its file cannot be read', () => {
    const problem = 'a.yaml is a folder.';

    const catalog = read({ 'a.yaml': { kind: 'unreadable', problem } }, { reviews: 'a.yaml' });

    expect(said(catalog)).toEqual({ 'Service/default/reviews': 'broken: a.yaml is a folder.' });
  });
});

test('what stands in the place of an object is no foreign document, and what was one stays one while its file cannot be read', () => {
  const misspelt = policy.replace('SecurityPolicy', 'SecurityPolcy');

  const held = read({ 'a.yaml': joined(misspelt, deployment('web')) }, { 'policy reviews': 'a.yaml' });
  const unreadable = read({ 'a.yaml': { kind: 'unreadable', problem: 'x' } }, {}, held.foreign);

  expect(held.foreign.get('a.yaml')).toHaveLength(1);
  expect(unreadable.foreign).toEqual(held.foreign);
});
