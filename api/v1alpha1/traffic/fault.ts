// Failures made on purpose.
import { z } from 'zod';
import { Duration } from '../../duration.ts';
import { withRules } from '../../schema.ts';

const percentage = z
  .int()
  .min(0)
  .max(100)
  .default(100)
  .describe('Percentage of requests that are affected, 0 to 100. Default: 100.');

const Delay = z.object({
  duration: withRules(Duration, {
    rule: "duration(self) > duration('0s')",
    message: 'Set duration above 0s, or remove delay.',
  }).describe('Delay before a request is forwarded, such as 2s.'),
  percentage,
});

const Abort = z.object({
  status: z.int().min(200).max(599).describe('HTTP status of the response, 200 to 599.'),
  percentage,
});

export const Fault = withRules(
  z.object({
    delay: Delay.optional().describe(
      'Delays each request once, before the first attempt. timeout.request includes the delay; retries do not repeat it.',
    ),
    abort: Abort.optional().describe(
      'Answers requests without calling the target. These responses are not retried; callers see them even if retries are configured.',
    ),
  }),
  { rule: 'has(self.delay) || has(self.abort)', message: 'Give the fault a delay, an abort, or both.' },
);
