// What holds for calls to all Services until a TrafficPolicy says otherwise.
import { z } from 'zod';
import { withRules } from '../schema.ts';
import { CircuitBreaker } from './traffic/circuit-breaker.ts';
import { Connection } from './traffic/connection.ts';
import { HealthCheck } from './traffic/health-check.ts';
import { LoadBalancer } from './traffic/load-balancer.ts';
import { Locality } from './traffic/locality.ts';
import { OutlierDetection } from './traffic/outlier-detection.ts';
import { oneRetryLimit, Retry } from './traffic/retry.ts';
import { Timeout, timeoutCoversTries } from './traffic/timeout.ts';

export const MeshDefaults = withRules(
  z.object({
    timeout: Timeout.optional().describe('Timeouts of requests. Default: no timeouts.'),
    retry: Retry.optional().describe(
      'Retries of failed requests. Default: 2 retries on ConnectFailure and RefusedStream, which are safe for requests of all kinds.',
    ),
    loadBalancer: LoadBalancer.optional().describe(
      'How callers choose an endpoint. Its fields count as one. Default: LeastRequest for HTTP, RoundRobin for TCP.',
    ),
    locality: Locality.optional().describe(
      'Endpoints of which zones each caller uses. The fields other than panicThreshold count as one. Default: all zones alike.',
    ),
    circuitBreaker: CircuitBreaker.optional().describe(
      'Limits of what each caller sends to each Service at the same time. Default: no limits.',
    ),
    outlierDetection: OutlierDetection.optional().describe(
      'Which endpoints each caller ejects for a while. Default: endpoints that cannot be reached, on TCP ports only with locality.type.',
    ),
    healthCheck: HealthCheck.optional().describe(
      'Checks of the endpoints by each caller; an endpoint that fails them gets no requests. Its fields count as one. Each sidecar of the mesh checks each endpoint that is a workload of the namespace of the Service. Default: no checks.',
    ),
    connection: Connection.optional().describe('Connections of callers to the endpoints.'),
  }),
  timeoutCoversTries,
  oneRetryLimit,
)
  .prefault({})
  .describe(
    'Defaults for calls to all Services. Each field of a TrafficPolicy takes precedence over the same field here.',
  );
export type MeshDefaults = z.infer<typeof MeshDefaults>;
