// What sidecars tell about the traffic of the mesh, and whom.
import { z } from 'zod';
import { AccessLogs } from './access-logs.ts';
import { Metrics } from './metrics.ts';
import { Prometheus } from './prometheus.ts';
import { Providers } from './providers.ts';
import { Tracing } from './tracing.ts';

export const Telemetry = z
  .object({
    providers: Providers,
    accessLogs: AccessLogs,
    tracing: Tracing,
    metrics: Metrics,
    prometheus: Prometheus,
  })
  .prefault({})
  .describe('What sidecars tell about the traffic of the mesh.');
export type Telemetry = z.infer<typeof Telemetry>;
