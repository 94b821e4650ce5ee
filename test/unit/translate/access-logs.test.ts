// Access logs of the Mesh: which are written, by whom, and what is told of those that are not.
import { expect, test } from '@jest/globals';
import { type Mesh, MeshSpec } from '../../../api/v1alpha1/mesh.ts';
import {
  accessLogs,
  accessLogsOf,
  accessLogWarnings,
} from '../../../operator/translate/facts/access-logs.ts';
import { problemOfFilter } from '../../../operator/translate/facts/log-filter.ts';
import { acceptedFilters, refusedFilters } from '../../support/telemetry/log-filters.ts';

function meshWith(...written: readonly object[]): Mesh {
  return { spec: MeshSpec.parse({ telemetry: { accessLogs: written } }) } as Mesh;
}

test.each(acceptedFilters)('a filter is taken: %s', (filter) => {
  expect(problemOfFilter(filter)).toBeNull();
});

test.each(refusedFilters)('a filter is not taken: %s', (filter, why) => {
  expect(problemOfFilter(filter)).toBe(why);
});

test('a Mesh that says nothing asks for failures, and one with an empty list for nothing', () => {
  const asked = meshWith({ name: 'failures', outcome: 'Failed' });

  expect(accessLogs({ spec: MeshSpec.parse({}) } as Mesh)).toEqual(accessLogs(asked));
  expect(accessLogs(meshWith())).toEqual([]);
});

test('sorted by name, and text in parts', () => {
  const mesh = meshWith({ name: 'b' }, { name: 'a', format: { type: 'Text', text: '{path}: {{method}' } });

  expect(accessLogs(mesh)).toEqual([
    {
      name: 'a',
      format: { type: 'Text', parts: [{ field: 'path' }, { text: ': {' }, { field: 'method' }] },
      filter: null,
      outcome: 'Any',
      providers: [],
      percentage: 100,
      directions: ['Inbound', 'Outbound'],
      probes: false,
      everywhere: true,
    },
    expect.objectContaining({ name: 'b', format: { type: 'JSON', fields: null } }),
  ]);
});

test('what cannot be written is left out and told, and the others are written', () => {
  const mesh = meshWith(
    { name: 'good' },
    { name: 'filter', filter: 'response.cod > 1' },
    { name: 'field', format: { fields: ['path', 'paths'] } },
    { name: 'text', format: { type: 'Text', text: '{PATH}' } },
    { name: 'nobody', providers: ['nobody'] },
  );

  expect(accessLogs(mesh)?.map(({ name }) => name)).toEqual(['good']);
  expect(accessLogWarnings(mesh).map(({ message }) => message)).toEqual([
    'Access log filter is not written: spec.telemetry.accessLogs[filter].filter is not an expression that Envoy accepts: No such key: cod. Correct it; docs/telemetry.md lists what it may use.',
    'Access log field is not written: spec.telemetry.accessLogs[field].format names paths, which is no field. Correct it; docs/telemetry.md lists what it may use.',
    'Access log text is not written: spec.telemetry.accessLogs[text].format names PATH, which is no field. Correct it; docs/telemetry.md lists what it may use.',
    'Access log nobody is not written: spec.telemetry.accessLogs[nobody].providers names nobody, which is not in spec.telemetry.providers. Correct it; docs/telemetry.md lists what it may use.',
  ]);
});

test.each([
  ['shop', { app: 'a', tier: 'x' }, ['both', 'label', 'namespace']],
  ['shop', { app: 'b' }, ['namespace']],
  ['other', { app: 'a' }, ['label']],
])('a workload of %s with %j writes %j besides', (namespace, labels, names) => {
  const selector = { matchLabels: { app: 'a' } };
  const mesh = meshWith(
    { name: 'all' },
    { name: 'namespace', namespaces: ['shop'] },
    { name: 'label', selector },
    { name: 'both', namespaces: ['shop', 'stock'], selector },
  );

  expect(accessLogsOf(mesh, { namespace, labels })).toEqual(names);
});
