// Failures made on purpose.
import { z } from 'zod';
import { Duration } from '../../duration.ts';
import { listMap, withRules } from '../../schema.ts';
import { grpcStatusNames } from './grpc-status.ts';
import { RouteHeaderMatch } from './match.ts';
import { percentage } from './percentage.ts';

const Delay = z.object({
  duration: withRules(Duration, {
    rule: "duration(self) > duration('0s')",
    message: 'Set duration above 0s, or remove delay.',
  }).describe('Delay before a request is forwarded, such as 2s.'),
  percentage,
});

/**
 * Statuses of responses that have no body, whatever their headers say: clients would take one for the beginning of the next response.
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-15.3.5
 */
export const withoutBody = [204, 205, 304] as const;

const Abort = withRules(
  z.object({
    status: withRules(z.int().min(200).max(599), {
      rule: `!(self in [${withoutBody.join(', ')}])`,
      message:
        'Choose another status: the response of a fault has a body, and 204, 205 and 304 allow none. Use respond instead.',
    })
      .optional()
      .describe('HTTP status of the response, 200 to 599, without 204, 205 and 304.'),
    grpcStatus: z
      .enum(grpcStatusNames)
      .exclude(['OK'])
      .optional()
      .describe(
        'gRPC status of the response, such as Unavailable. A fault with it is only for gRPC calls: requests with content-type application/grpc.',
      ),
    percentage,
  }),
  {
    rule: 'has(self.status) != has(self.grpcStatus)',
    message: 'Set either status or grpcStatus.',
  },
);

const Bandwidth = z.object({
  kibibytesPerSecond: z
    .int()
    .min(1)
    .max(1_048_576)
    .describe('Rate at which callers receive the body of each response, in KiB per second, 1 to 1048576.'),
  percentage,
});

const Only = z.object({
  headers: listMap(z.array(RouteHeaderMatch).min(1).max(16), 'name').describe(
    'Conditions on headers; all of them must hold. At most 16.',
  ),
});

export const Fault = withRules(
  z.object({
    delay: Delay.optional().describe(
      'Delays each request once, before the first attempt. timeout.request includes the delay; retries do not repeat it.',
    ),
    abort: Abort.optional().describe(
      'Answers requests without calling the target. These responses are not retried; callers see them even if retries are configured.',
    ),
    bandwidth: Bandwidth.optional().describe(
      'Slows the body of each response down, as a poor connection would. It counts against timeout.request.',
    ),
    only: Only.optional().describe(
      'Requests of the route that the fault is for, such as those of a tester. Default: all.',
    ),
  }),
  {
    rule: 'has(self.delay) || has(self.abort) || has(self.bandwidth)',
    message: 'Give the fault a delay, an abort or a bandwidth.',
  },
);
