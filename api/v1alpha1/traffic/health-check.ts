// Requests that callers' sidecars make by themselves, to know which endpoints answer.
import { z } from 'zod';
import { Duration } from '../../duration.ts';
import { withRules } from '../../schema.ts';

const count = (): z.ZodInt => z.int().min(1).max(100);

export const HealthCheck = withRules(
  z.object({
    type: z
      .enum(['HTTP', 'GRPC', 'TCP'])
      .describe(
        'HTTP: a GET request that must be answered with 200. GRPC: a call of grpc.health.v1.Health/Check for the whole server, which must be answered with SERVING. TCP: a connection; of an endpoint with a sidecar it proves that the sidecar takes connections. TCP ports can only have TCP.',
      ),
    path: withRules(z.string().min(1).max(1024), {
      rule: String.raw`self.matches(r'^/[\x21-\x22\x24-\x7e]*$')`,
      message: "Start path with '/', and leave spaces, '#' and characters outside of ASCII out.",
    })
      .optional()
      .describe('Path of the request, with its query if it has one. Required for type HTTP, and only there.'),
    interval: withRules(Duration, {
      rule: "duration(self) >= duration('1s') && duration(self) <= duration('1h')",
      message: 'Set interval between 1s and 1h.',
    })
      .default('10s')
      .describe(
        'Time between two checks of an endpoint by a caller, 1s to 1h. A caller that never sent a request to the target checks healthy endpoints every 60s. Default: 10s.',
      ),
    timeout: withRules(Duration, {
      rule: "duration(self) >= duration('10ms') && duration(self) <= duration('1m')",
      message: 'Set timeout between 10ms and 1m.',
    })
      .default('1s')
      .describe('Time after which a check has failed, 10ms to 1m. Default: 1s.'),
    unhealthyThreshold: count()
      .default(3)
      .describe(
        'Number of failed checks in a row after which an endpoint gets no requests, 1 to 100. A new endpoint gets none until its first check succeeds. Default: 3.',
      ),
    healthyThreshold: count()
      .default(1)
      .describe(
        'Number of successful checks in a row after which it gets requests again, 1 to 100. For a new endpoint one is enough. Default: 1.',
      ),
  }),
  {
    rule: "has(self.path) == (self.type == 'HTTP')",
    message: 'Set path for type HTTP; remove it for other types.',
  },
);
