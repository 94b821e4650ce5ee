import { expect, test } from '@jest/globals';
import type { ObjectVersion } from '../../../../operator/platform/kubernetes/statuses.ts';
import { createStatuses } from '../../../../operator/platform/kubernetes/statuses.ts';
import { ApiError } from '../../../../operator/platform/kubernetes/http/api-error.ts';

const ref = { kind: 'TrafficPolicy', namespace: 'shop', name: 'reviews' } as const;
const status = { conditions: [] };

function scene(
  refusals: readonly number[],
  versions: readonly string[],
): { statuses: ReturnType<typeof createStatuses>; written: ObjectVersion[] } {
  const codes = [...refusals];
  const left = [...versions];
  const written: ObjectVersion[] = [];
  const api = {
    call: () => {
      const resourceVersion = left.shift();
      if (resourceVersion === undefined) return Promise.reject(new ApiError('gone', { code: 404 }));
      return Promise.resolve({ metadata: { name: 'reviews', namespace: 'shop', resourceVersion } });
    },
  };
  const replaceStatus = (version: ObjectVersion): Promise<void> => {
    written.push(version);
    const code = codes.shift();
    return code === undefined ? Promise.resolve() : Promise.reject(new ApiError('refused', { code }));
  };
  return { statuses: createStatuses(api, { replaceStatus }), written };
}

test('after a conflict reads the object again and writes to its newest version', async () => {
  const { statuses, written } = scene([409, 409], ['1', '2', '3']);

  await statuses.write(ref, status);

  expect(written.map(({ resourceVersion }) => resourceVersion)).toEqual(['1', '2', '3']);
});

test.each([
  ['before it was read', [], []],
  ['after it was read', [404], ['1']],
  ['after a conflict', [409], ['1']],
])('an object that went %s is no error', async (_, refusals, versions) => {
  const { statuses } = scene(refusals, versions);

  await expect(statuses.write(ref, status)).resolves.toBeUndefined();
});

test('rejects when the write failed, so that the caller tries again later', async () => {
  const { statuses } = scene([422], ['1']);

  await expect(statuses.write(ref, status)).rejects.toMatchObject({ code: 422 });
});

test('rejects when conflicts do not end', async () => {
  const { statuses } = scene([409, 409, 409, 409, 409, 409], ['1', '2', '3', '4', '5', '6']);

  await expect(statuses.write(ref, status)).rejects.toMatchObject({ code: 409 });
});
