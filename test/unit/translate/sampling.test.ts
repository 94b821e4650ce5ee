// Sampling rules of the Mesh: which there are, who obeys which, and what is told of those that are left out.
import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { admit } from '../../../api/admission.ts';
import { type Mesh, MeshSpec } from '../../../api/v1alpha1/mesh.ts';
import { samplingOf, samplingRules, samplingWarnings } from '../../../operator/translate/facts/sampling.ts';
import { readSamplingFilter } from '../../../operator/translate/facts/sampling-filter.ts';
import { acceptedSamplingFilters, refusedSamplingFilters } from '../../support/telemetry/sampling-filters.ts';

function meshWith(...sampling: readonly object[]): Mesh {
  return { spec: MeshSpec.parse({ telemetry: { tracing: { providers: ['p'], sampling } } }) } as Mesh;
}

test.each(acceptedSamplingFilters)('a filter is taken: %s', (filter) => {
  expect(readSamplingFilter(filter)).toHaveProperty('filter');
});

test.each(refusedSamplingFilters)('a filter is not taken: %s', (filter, problem) => {
  expect(readSamplingFilter(filter)).toEqual({ problem });
});

test('an expression is a tree, and a chain is one call', () => {
  const get = {
    type: 'Call',
    of: '==',
    operands: [
      { type: 'Attribute', name: 'request.method' },
      { type: 'Value', value: 'GET' },
    ],
  };

  expect(
    readSamplingFilter("request.method == 'GET' || 'a' in request.headers || request.headers.a.size() > 1"),
  ).toEqual({
    filter: {
      type: 'Call',
      of: '||',
      operands: [
        get,
        { type: 'HasHeader', name: 'a' },
        {
          type: 'Call',
          of: '>',
          operands: [
            { type: 'Call', of: 'size', operands: [{ type: 'Header', name: 'a' }] },
            { type: 'Value', value: 1 },
          ],
        },
      ],
    },
  });
});

test('in the order in which they are written; one that cannot be read is left out and told', () => {
  const mesh = meshWith(
    { name: 'b', percentage: 5 },
    { name: 'late', filter: 'response.code >= 500', percentage: 100 },
    { name: 'a', namespaces: ['shop'], percentage: 0 },
  );

  expect(samplingRules(mesh)).toEqual([
    { name: 'b', everywhere: true, filter: null, percentage: 5 },
    { name: 'a', everywhere: false, filter: null, percentage: 0 },
  ]);
  expect(samplingWarnings(mesh)).toEqual([
    {
      reason: 'SamplingInvalid',
      message:
        'Sampling rule late is left out: spec.telemetry.tracing.sampling[late].filter is not an expression that Envoy accepts: Unknown variable: response. Correct it; docs/telemetry.md lists what it may use.',
    },
  ]);
});

test.each([
  ['shop', { app: 'a' }, ['both', 'label', 'namespace']],
  ['shop', { app: 'b' }, ['namespace']],
  ['other', { app: 'a' }, ['label']],
  ['other', {}, []],
])('a workload of %s with %j obeys %j besides', (namespace, labels, names) => {
  const selector = { matchLabels: { app: 'a' } };
  const mesh = meshWith(
    { name: 'all', percentage: 1 },
    { name: 'namespace', namespaces: ['shop'], percentage: 1 },
    { name: 'label', selector, percentage: 1 },
    { name: 'both', namespaces: ['shop', 'stock'], selector, percentage: 1 },
  );

  expect(samplingOf(mesh, { namespace, labels })).toEqual(names);
});

test('every rule of the example is obeyed', () => {
  const example: unknown = parse(readFileSync('docs/examples/telemetry/sampling.yaml', 'utf8'));
  const { spec } = example as Mesh;

  expect(admit(example)).toMatchObject({ ok: true });
  expect(samplingWarnings({ spec: MeshSpec.parse(spec) } as Mesh)).toEqual([]);
});
