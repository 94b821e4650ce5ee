import { describe, expect, test } from '@jest/globals';
import { Catalog } from '../../../../operator/platform/files/catalog.ts';

function service(name: string, metadata = ''): string {
  return `apiVersion: v1\nkind: Service\nmetadata: {name: ${name}${metadata}}\nspec: {clusterIP: 10.0.0.1}\n`;
}

function read(files: Record<string, string>): { keys: string[]; problems: readonly string[] } {
  const catalog = new Catalog();
  for (const [file, text] of Object.entries(files)) catalog.set(file, text);
  const { entries, problems } = catalog.read();
  return { keys: [...entries.keys()], problems };
}

describe('documents', () => {
  test('are taken from every file, sorted, in namespace default if they name none', () => {
    expect(
      read({
        'b.yaml': `${service('reviews')}---\n${service('details', ', namespace: shop')}`,
        'a.yaml':
          '# nothing but a comment\n---\napiVersion: meshwright.dev/v1alpha1\nkind: Mesh\nmetadata: {name: m}\n',
      }),
    ).toEqual({ keys: ['Mesh//m', 'Service/default/reviews', 'Service/shop/details'], problems: [] });
  });

  test('of unknown kinds are left out with a sentence, the rest of the file counts', () => {
    expect(
      read({
        'a.yaml': `apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n---\n${service('reviews')}`,
      }),
    ).toEqual({
      keys: ['Service/default/reviews'],
      problems: [
        'a.yaml, document 1 is ignored: kind Deployment has no meaning without a cluster. Known kinds are Mesh, TrafficPolicy, SecurityPolicy, ExternalWorkload, Namespace, Service, ServiceAccount.',
      ],
    });
  });

  test('of another apiVersion are left out with a sentence', () => {
    expect(read({ 'a.yaml': 'apiVersion: v1\nkind: Mesh\nmetadata: {name: m}\n' }).problems).toEqual([
      'a.yaml, document 1 is ignored: Mesh of apiVersion v1 is not known. Write apiVersion: meshwright.dev/v1alpha1.',
    ]);
  });

  test('for one object twice: the first by file name wins, the other is told', () => {
    expect(
      read({ 'b.yaml': service('reviews'), 'a.yaml': `${service('web')}---\n${service('reviews')}` }),
    ).toEqual({
      keys: ['Service/default/reviews', 'Service/default/web'],
      problems: [
        'b.yaml, document 1 is ignored: a.yaml, document 2 already says what Service default/reviews is. Remove one of them.',
      ],
    });
  });
});

describe('a file that cannot be read', () => {
  test.each([
    [
      'is cut off in the middle of a line',
      'apiVersion: v1\nkind: Service\nmetadata: {name: rev',
      /^a.yaml is not valid YAML: .+ at line 3/,
    ],
    ['is cut off between lines', 'apiVersion: v1\nkind: Service\n', /^a.yaml, document 1: metadata: /],
    ['is one word', 'apiVers', /^a.yaml, document 1: The document: /],
    ['has a name that is no name', service('../../etc/passwd'), /metadata.name: must be lower-case letters/],
    [
      'has a label that is a number',
      service('reviews', ', labels: {version: 2}'),
      /metadata.labels.version: must be a string: put it in quotes/,
    ],
    [
      'bombs with aliases',
      `a: &a [${'x,'.repeat(50)}]\nb: &b [${'*a,'.repeat(50)}]\nc: [${'*b,'.repeat(50)}]`,
      /not valid YAML/,
    ],
  ])('because it %s keeps what it said', (_, text, problem) => {
    const catalog = new Catalog();
    catalog.set('a.yaml', service('reviews'));

    catalog.set('a.yaml', text);

    const { entries, problems } = catalog.read();
    expect([...entries.keys()]).toEqual(['Service/default/reviews']);
    expect(problems).toEqual([expect.stringMatching(problem)]);
    expect(problems[0]).toContain('What it said before stays in force until it is mended.');
    expect(catalog.isUnreadable('a.yaml')).toBe(true);
  });

  test('is forgotten when it is removed', () => {
    const catalog = new Catalog();
    catalog.set('a.yaml', service('reviews'));
    catalog.set('a.yaml', '{');

    catalog.set('a.yaml', undefined);

    expect(catalog.read()).toEqual({ entries: new Map(), problems: [] });
  });
});
