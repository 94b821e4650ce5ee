// How long a request may take.
import { z } from 'zod';
import { Duration } from '../../duration.ts';
import { type CelRule, withRules } from '../../schema.ts';

// No defaults here: a field that is not written may come from another policy.
export const Timeout = withRules(
  z.object({
    request: Duration.optional().describe(
      'Timeout of the whole request, from its first byte to the last byte of the response, including retries and injected delays, such as 3s. After it, callers get 504, or 408 if they did not finish sending, or DEADLINE_EXCEEDED in gRPC. A shorter gRPC deadline takes precedence. It also applies to streams, but not to WebSockets and other upgrades. 0s disables it. Default: no timeout.',
    ),
    idle: Duration.optional().describe(
      'Timeout without a byte in either direction, such as 60s. After it, callers get 504, or 408 if they did not finish sending, or UNAVAILABLE in gRPC; if the response has begun, it is cut off. It also applies to streams, WebSockets and other upgrades. 0s disables it. Default: no timeout.',
    ),
    stream: Duration.optional().describe(
      'Longest duration of a request of any kind, such as 1h; in contrast to request, also of WebSockets and other upgrades. Set it, or idle, so that forgotten streams end. 0s disables it. Default: no limit.',
    ),
  }),
  {
    rule: 'has(self.request) || has(self.idle) || has(self.stream)',
    message: 'Set at least one field of timeout, or leave timeout out.',
  },
  {
    rule: "!has(self.request) || !has(self.stream) || duration(self.stream) == duration('0s') || duration(self.stream) >= duration(self.request)",
    message:
      'Set stream to at least request: stream also ends ordinary requests, so with a shorter one request has no effect.',
  },
);

/** For an object with timeout and retry. */
export const timeoutCoversTries: CelRule = {
  rule: "!has(self.timeout) || !has(self.timeout.request) || !has(self.retry) || !has(self.retry.perTryTimeout) || duration(self.timeout.request) == duration('0s') || duration(self.timeout.request) >= duration(self.retry.perTryTimeout)",
  message: 'Set timeout.request to at least retry.perTryTimeout: it covers all tries together.',
};
