// The command line of the demo.
import { expect, test } from '@jest/globals';
import { explainError } from '../../../demo/demo-error.ts';
import { parseOptions } from '../../../demo/options.ts';

test('nothing is asked for by default', () => {
  expect(parseOptions([], {})).toEqual({
    once: false,
    keep: false,
    telemetry: false,
    help: false,
    envoy: { path: undefined, cacheHome: undefined },
  });
});

test('flags and the environment are read', () => {
  const env = { MESHWRIGHT_ENVOY: '/envoy', XDG_CACHE_HOME: '/cache' };

  expect(parseOptions(['--once', '--keep'], env)).toEqual({
    once: true,
    keep: true,
    telemetry: false,
    help: false,
    envoy: { path: '/envoy', cacheHome: '/cache' },
  });
});

test('a flag that is not known is a sentence with the usage, not a stack trace', () => {
  const parse = (): unknown => parseOptions(['--twice'], {});

  expect(parse).toThrow(/Unknown option '--twice'[^]*Usage: node demo\/main\.ts/);
  expect(explainError(new Error('a fault of ours'))).toContain('The demo failed in a way it should not');
});
