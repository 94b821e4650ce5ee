// How long a request may take.
import { z } from 'zod';
import { Duration } from '../../duration.ts';
import type { CelRule } from '../../schema.ts';

export const Timeout = z.object({
  request: Duration.describe(
    'Timeout of the whole request, from its first byte to the last byte of the response, including retries and injected delays, such as 3s. After it, callers get 504, or 408 if they did not finish sending, or DEADLINE_EXCEEDED in gRPC. It also applies to streams, but not to WebSockets and other upgrades. 0s disables it.',
  ),
});

/** For an object with timeout and retry. */
export const timeoutCoversTries: CelRule = {
  rule: "!has(self.timeout) || !has(self.retry) || !has(self.retry.perTryTimeout) || duration(self.timeout.request) == duration('0s') || duration(self.timeout.request) >= duration(self.retry.perTryTimeout)",
  message: 'Set timeout.request to at least retry.perTryTimeout: it covers all tries together.',
};
