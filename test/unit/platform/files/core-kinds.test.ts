import { expect, test } from '@jest/globals';
import { admitCore } from '../../../../operator/platform/files/core-kinds.ts';

const metadata = { name: 'reviews', namespace: 'shop' };

test('a Service keeps the fields that something reads', () => {
  const spec = {
    clusterIP: '10.0.0.1',
    sessionAffinity: 'None',
    selector: { app: 'reviews' },
    ports: [{ name: 'http', port: 9080, targetPort: 'web', nodePort: 30_000 }],
  };

  expect(admitCore('Service', spec, metadata)).toEqual({
    ok: true,
    object: {
      kind: 'Service',
      metadata,
      spec: {
        clusterIP: '10.0.0.1',
        selector: { app: 'reviews' },
        ports: [{ name: 'http', port: 9080, targetPort: 'web' }],
      },
    },
  });
});

test.each([
  ['no spec', undefined, /^spec: /],
  ['a port out of range', { ports: [{ port: 70_000 }] }, /^spec\.ports\[0\]\.port: .*65535/],
  [
    'a selector with a number',
    { selector: { version: 1 } },
    /^spec.selector.version: must be a string: put it in quotes\.$/,
  ],
  [
    'two ports without names',
    { ports: [{ port: 80 }, { port: 81 }] },
    /^spec.ports: each of several ports needs a name of its own\.$/,
  ],
])('a Service with %s is refused with a sentence', (_, spec, problem) => {
  expect(admitCore('Service', spec, metadata)).toEqual({
    ok: false,
    problems: [expect.stringMatching(problem)],
  });
});
