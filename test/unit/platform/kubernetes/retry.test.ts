import { expect, test } from '@jest/globals';
import type { ApiCaller } from '../../../../operator/platform/kubernetes/http/api-client.ts';
import { ApiError } from '../../../../operator/platform/kubernetes/http/api-error.ts';
import { retrying } from '../../../../operator/platform/kubernetes/http/retry.ts';
import type { JitteredClock } from '../../../../operator/platform/kubernetes/http/jittered-clock.ts';

const request = { method: 'GET', path: '/api' } as const;

/** Answers with the outcomes in turn; time passes at once and is written down. */
function scene(...outcomes: readonly unknown[]): { api: ApiCaller; waits: number[] } {
  const left = [...outcomes];
  const waits: number[] = [];
  const clock: JitteredClock = {
    now: () => 0,
    monotonicMs: () => 0,
    random: () => 0,
    after: (ms, run) => {
      waits.push(ms);
      queueMicrotask(run);
      return () => undefined;
    },
  };
  const call = (): Promise<unknown> => {
    const outcome = left.shift();
    return outcome instanceof Error ? Promise.reject(outcome) : Promise.resolve(outcome);
  };
  return { api: retrying({ call }, { clock, attempts: 3 }), waits };
}

test('repeats after a lost connection, an overloaded and a starting server', async () => {
  const { api, waits } = scene(new Error('ECONNRESET'), new ApiError('starting', { code: 503 }), 'answer');

  expect(await api.call(request)).toBe('answer');
  expect(waits).toEqual([100, 200]);
});

test('waits as long as Retry-After asks', async () => {
  const { api, waits } = scene(new ApiError('too many', { code: 429, retryAfterMs: 1000 }), 'answer');

  await api.call(request);

  expect(waits).toEqual([1000]);
});

test.each([400, 403, 404, 409, 410, 422])(
  'does not repeat what the server has refused with %i',
  async (code) => {
    const { api, waits } = scene(new ApiError('no', { code }), 'answer');

    await expect(api.call(request)).rejects.toMatchObject({ code });
    expect(waits).toEqual([]);
  },
);

test('gives up after the last attempt with the last error', async () => {
  const { api } = scene(new Error('1'), new Error('2'), new Error('3'), 'answer');

  await expect(api.call(request)).rejects.toThrow('3');
});
