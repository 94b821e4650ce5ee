// When a sidecar closes idle connections early, and when it refuses new ones.
import { describe, expect, test } from '@jest/globals';
import { overloadManager } from '../../../operator/infra/overload.ts';

describe('the heap of a sidecar', () => {
  test.each([
    ['128Mi', 112 * 1024 ** 2],
    ['0.5Gi', 480 * 1024 ** 2],
    ['2G', 2e9 - 32 * 1024 ** 2],
    ['300000000', 300e6 - 32 * 1024 ** 2],
    ['64000k', 56e6],
    ['100Ki', 89_600],
    ['1Ti', 1024 ** 4 - 32 * 1024 ** 2],
    ['1m', 1],
    [undefined, 1024 ** 3],
  ])('with a memory limit of %s', (limit, bytes) => {
    expect(overloadManager(limit)).toMatchObject({
      resource_monitors: [{ typed_config: { max_heap_size_bytes: bytes } }],
    });
  });
});

test('nobody is refused by a sidecar without a memory limit', () => {
  expect(overloadManager(undefined)).not.toHaveProperty('loadshed_points');
  expect(overloadManager('128Mi')).toHaveProperty('loadshed_points');
});
