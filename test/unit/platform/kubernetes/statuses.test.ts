import { expect, test } from '@jest/globals';
import type { ObjectVersion } from '../../../../operator/platform/kubernetes/statuses.ts';
import { createStatuses } from '../../../../operator/platform/kubernetes/statuses.ts';
import { createLog } from '../../../../operator/process/log.ts';
import type { ApiRequest } from '../../../../operator/platform/kubernetes/http/api-client.ts';
import { ApiError } from '../../../../operator/platform/kubernetes/http/api-error.ts';

const ref = { kind: 'TrafficPolicy', namespace: 'shop', name: 'reviews' } as const;
const status = { conditions: [] };

function scene(
  refusals: readonly number[],
  versions: readonly string[],
  canTell = true,
): { statuses: ReturnType<typeof createStatuses>; written: ObjectVersion[]; told: unknown[] } {
  const codes = [...refusals];
  const left = [...versions];
  const written: ObjectVersion[] = [];
  const told: unknown[] = [];
  const api = {
    call: ({ method, body }: ApiRequest) => {
      if (method === 'POST') {
        told.push(body);
        return canTell ? Promise.resolve({}) : Promise.reject(new ApiError('forbidden', { code: 403 }));
      }
      const resourceVersion = left.shift();
      if (resourceVersion === undefined) return Promise.reject(new ApiError('gone', { code: 404 }));
      return Promise.resolve({
        metadata: { name: 'reviews', namespace: 'shop', uid: 'uid-1', resourceVersion },
      });
    },
  };
  const replaceStatus = (version: ObjectVersion): Promise<void> => {
    written.push(version);
    const code = codes.shift();
    return code === undefined ? Promise.resolve() : Promise.reject(new ApiError('refused', { code }));
  };
  return { statuses: createStatuses(api, { replaceStatus }, createLog('silent')), written, told };
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

const event = { type: 'Warning', reason: 'Invalid', message: 'Fix it.' } as const;

test('Events are about the object that was written to', async () => {
  const { statuses, told } = scene([], ['1']);

  await statuses.write(ref, status, [event]);

  expect(told).toEqual([
    expect.objectContaining({
      ...event,
      involvedObject: { ...ref, apiVersion: 'meshwright.dev/v1alpha1', uid: 'uid-1' },
    }),
  ]);
});

test.each([
  ['the status was written although its Event was refused', ['1'], false, 1],
  ['an object that is gone has no Events', [], true, 0],
])('%s', async (_, versions, canTell, attempts) => {
  const { statuses, told } = scene([], versions, canTell);

  await expect(statuses.write(ref, status, [event])).resolves.toBeUndefined();
  expect(told).toHaveLength(attempts);
});
