// Matchers as Envoy reads them. Which of several routes a real Envoy takes is compared in test/integration/explain.test.ts.
import { describe, expect, test } from '@jest/globals';
import type { EnvoyMessage } from '../../../operator/envoy/proto/envoy-message.ts';
import { matchesRequest } from '../../../operator/explain/matchers.ts';
import type { CallRequest } from '../../../operator/explain/call.ts';

function request(path: string, headers: CallRequest['headers'] = []): CallRequest {
  return { method: 'GET', path, authority: 'reviews:9080', headers };
}

describe('paths', () => {
  test.each([
    [{ prefix: '/' }, '/a', true],
    [{ prefix: '/a' }, '/ab', true],
    [{ path: '/a' }, '/a', true],
    [{ path: '/a' }, '/a?b=1', true],
    [{ path: '/a' }, '/a/', false],
    [{ path: '/a' }, '/A', false],
    [{ path_separated_prefix: '/a' }, '/a', true],
    [{ path_separated_prefix: '/a' }, '/a/b', true],
    [{ path_separated_prefix: '/a' }, '/ab', false],
    [{ safe_regex: { regex: '/v[0-9]+' } }, '/v12', true],
    [{ safe_regex: { regex: '/v[0-9]+' } }, '/v12/x', false],
    [{ safe_regex: { regex: '/v[0-9]+' } }, '/v12?x', true],
  ])('%j and %s: %p', (match, path, expected) => {
    expect(matchesRequest(match, request(path))).toBe(expected);
  });
});

describe('headers', () => {
  const sent = [
    ['x-group', 'Test'],
    ['accept', 'a'],
    ['accept', 'b'],
  ] as const;
  test.each<readonly [EnvoyMessage, boolean]>([
    [{ name: 'x-group', string_match: { exact: 'Test' } }, true],
    [{ name: 'X-Group', string_match: { exact: 'Test' } }, true],
    [{ name: 'x-group', string_match: { exact: 'test' } }, false],
    [{ name: 'x-group', string_match: { exact: 'test', ignore_case: true } }, true],
    [{ name: 'x-group', string_match: { prefix: 'Te' } }, true],
    [{ name: 'x-group', string_match: { suffix: 'st' } }, true],
    [{ name: 'x-group', string_match: { contains: 'es' } }, true],
    [{ name: 'x-group', string_match: { safe_regex: { regex: 'T.*' } } }, true],
    [{ name: 'x-group', string_match: { exact: 'Test' }, invert_match: true }, false],
    [{ name: 'x-group', present_match: true }, true],
    [{ name: 'x-group', present_match: false }, false],
    [{ name: 'x-other', present_match: false }, true],
    [{ name: 'x-other', present_match: true, invert_match: true }, true],
    // What is absent does not match, inverted or not.
    [{ name: 'x-other', string_match: { exact: 'a' }, invert_match: true }, false],
    [
      {
        name: 'x-other',
        string_match: { exact: 'a' },
        invert_match: true,
        treat_missing_header_as_empty: true,
      },
      true,
    ],
    [{ name: 'accept', string_match: { exact: 'a,b' } }, true],
    [{ name: ':method', string_match: { exact: 'GET' } }, true],
    [{ name: ':authority', string_match: { exact: 'reviews:9080' } }, true],
  ])('%j: %p', (header, expected) => {
    expect(matchesRequest({ prefix: '/', headers: [header] }, request('/', sent))).toBe(expected);
  });
});

test.each([
  ['?a=1', true],
  ['?b=2&a=1', true],
  ['?a=2&a=1', false],
  ['?a', false],
  ['', false],
])('query parameter a=1 in %p: %p', (query, expected) => {
  const match = { prefix: '/', query_parameters: [{ name: 'a', string_match: { exact: '1' } }] };
  expect(matchesRequest(match, request(`/x${query}`))).toBe(expected);
});

test.each([
  ['application/grpc', true],
  ['application/grpc+proto', true],
  ['application/grpc-web', false],
  ['application/json', false],
])('%s is gRPC: %p', (type, expected) => {
  const sent = request('/', [['content-type', type]]);
  expect(matchesRequest({ prefix: '/', grpc: {} }, sent)).toBe(expected);
});

test('what is not understood is an error, not a match', () => {
  expect(() => matchesRequest({ prefix: '/', runtime_fraction: {} }, request('/'))).toThrow(
    'explain does not know the field runtime_fraction',
  );
});
