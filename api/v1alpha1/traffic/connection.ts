// The connections of a caller's sidecar to the endpoints of a Service.
import { z } from 'zod';
import { Duration } from '../../duration.ts';
import { withRules } from '../../schema.ts';

function between(field: string, least: string, most: string, why = ''): z.ZodString {
  return withRules(Duration, {
    rule: `duration(self) >= duration('${least}') && duration(self) <= duration('${most}')`,
    message: `Set ${field} between ${least} and ${most}${why}.`,
  });
}

const TcpKeepalive = z.object({
  time: between('time', '1s', '2h')
    .default('5m')
    .describe(
      'Time without data after which the first probe is sent, 1s to 2h, rounded up to whole seconds. Default: 5m.',
    ),
  interval: between('interval', '1s', '2h')
    .default('30s')
    .describe('Time between probes, 1s to 2h, rounded up to whole seconds. Default: 30s.'),
  probes: z
    .int()
    .min(1)
    .max(127)
    .default(4)
    .describe(
      'Number of probes without an answer after which the connection is closed, 1 to 127. Default: 4.',
    ),
});

// No defaults here: a field that is not written may come from another policy.
export const Connection = withRules(
  z.object({
    connectTimeout: between('connectTimeout', '10ms', '1m')
      .optional()
      .describe('Time to establish a TCP connection and its mutual TLS, 10ms to 1m. Default: 5s.'),
    tcpKeepalive: TcpKeepalive.optional().describe(
      'Probes that detect vanished peers and keep connections open in middleboxes. Its fields count as one.',
    ),
    maxRequests: z
      .int()
      .min(1)
      .max(1_000_000_000)
      .optional()
      .describe(
        'Maximum number of requests on a connection, after which it is closed, 1 to 1000000000. Default: no limit.',
      ),
    maxAge: between('maxAge', '1s', '24h')
      .optional()
      .describe(
        'Time after which a connection gets no more requests; it is closed when those in flight are finished, 1s to 24h. Default: no limit.',
      ),
    idleTimeout: between(
      'idleTimeout',
      '1s',
      '10m',
      ': the sidecar of the server closes connections without requests after 15m',
    )
      .optional()
      .describe('Time without requests after which a connection is closed, 1s to 10m. Default: 10m.'),
    http2: z
      .object({
        maxConcurrentStreams: z
          .int()
          .min(1)
          .max(1_000_000)
          .describe(
            'Maximum number of requests at the same time on an HTTP/2 connection, 1 to 1000000. Further requests go to another connection.',
          ),
      })
      .optional()
      .describe('Settings of HTTP/2 connections. Default: as many streams as the endpoint allows.'),
  }),
  {
    rule: 'has(self.connectTimeout) || has(self.tcpKeepalive) || has(self.maxRequests) || has(self.maxAge) || has(self.idleTimeout) || has(self.http2)',
    message: 'Set at least one field of connection, or leave connection out.',
  },
);
