import { describe, expect, it } from '@jest/globals';
import { createLabelIndexer, matchesSelector } from '../../../operator/values/labels.ts';

describe('matchesSelector', () => {
  const labels = { app: 'reviews', version: 'v1', empty: '' };

  it.each([
    ['In', { key: 'version', operator: 'In', values: ['v1', 'v2'] }, true],
    ['In, another value', { key: 'version', operator: 'In', values: ['v2'] }, false],
    ['In, no such label', { key: 'zone', operator: 'In', values: ['a'] }, false],
    ['NotIn', { key: 'version', operator: 'NotIn', values: ['v2'] }, true],
    ['NotIn, no such label', { key: 'zone', operator: 'NotIn', values: ['a'] }, true],
    ['Exists', { key: 'empty', operator: 'Exists' }, true],
    ['DoesNotExist', { key: 'app', operator: 'DoesNotExist' }, false],
    ['a label every object inherits', { key: 'constructor', operator: 'Exists' }, false],
    ['an operator there is not', { key: 'app', operator: 'Gt', values: ['1'] }, false],
  ])('%s', (_case, expression, expected) => {
    expect(matchesSelector({ matchExpressions: [expression] }, labels)).toBe(expected);
  });

  it('needs every label and every expression', () => {
    const expression = { key: 'version', operator: 'Exists' };

    expect(matchesSelector({ matchLabels: { app: 'reviews' }, matchExpressions: [expression] }, labels)).toBe(
      true,
    );
    expect(matchesSelector({ matchLabels: { app: 'ratings' }, matchExpressions: [expression] }, labels)).toBe(
      false,
    );
  });
});

describe('createLabelIndexer', () => {
  const v1 = { namespace: 'shop', labels: { app: 'reviews', version: 'v1' } };
  const v2 = { namespace: 'shop', labels: { app: 'reviews', version: 'v2' } };
  const elsewhere = { namespace: 'qa', labels: { app: 'reviews', version: 'v1' } };
  const indexed = createLabelIndexer<typeof v1>();
  const index = indexed([v1, elsewhere, v2]);

  it('selects what bears every label, in its namespace', () => {
    expect(index.select('shop', { app: 'reviews' })).toEqual([v1, v2]);
    expect(index.select('shop', { app: 'reviews', version: 'v2' })).toEqual([v2]);
    expect(index.select('shop', { app: 'reviews', version: 'v3' })).toEqual([]);
    expect(index.select('nowhere', { app: 'reviews' })).toEqual([]);
  });

  it('selects the whole namespace without labels', () => {
    expect(index.select('shop', {})).toEqual([v1, v2]);
  });

  it('follows what changes', () => {
    const moved = { namespace: 'shop', labels: { app: 'ratings', version: 'v2' } };
    const next = indexed([v1, elsewhere, moved]);

    expect(next.select('shop', { app: 'reviews' })).toEqual([v1]);
    expect(next.select('shop', { app: 'ratings' })).toEqual([moved]);
    expect(next.select('qa', { app: 'reviews' })).toEqual([elsewhere]);
    expect(indexed([v1]).select('qa', {})).toEqual([]);
  });
});
