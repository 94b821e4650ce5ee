// Repeats calls that failed for a reason that passes: a connection lost, an overloaded or a starting server.
// Entry: retrying. Every request sent through it must be safe to send twice.
import type { ApiCaller, ApiRequest } from './api-client.ts';
import { ApiError, isTransient } from './api-error.ts';
import { createBackoff } from './backoff.ts';
import { pause } from '../../../process/clock.ts';
import type { JitteredClock } from './jittered-clock.ts';

export interface RetryOptions {
  readonly clock: JitteredClock;
  /** Sends in all. Default: 5, which is about 3 s of waiting. */
  readonly attempts?: number;
}

export function retrying(api: ApiCaller, options: RetryOptions): ApiCaller {
  const { clock, attempts = 5 } = options;
  return {
    call: async (request: ApiRequest, signal?: AbortSignal) => {
      const backoff = createBackoff({ initialMs: 200, maxMs: 5000, random: () => clock.random() });
      const attempt = async (left: number): Promise<unknown> => {
        try {
          return await api.call(request, signal);
        } catch (error) {
          if (left <= 1 || signal?.aborted === true || !isTransient(error)) throw error;
          const asked = error instanceof ApiError ? error.retryAfterMs : undefined;
          await pause(Math.max(backoff.nextMs(), Math.min(asked ?? 0, 10_000)), clock, signal);
          return await attempt(left - 1);
        }
      };
      return await attempt(attempts);
    },
  };
}
