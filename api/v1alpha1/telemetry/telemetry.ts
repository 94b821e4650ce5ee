// What sidecars tell about the traffic of the mesh, and whom.
import { z } from 'zod';
import { AccessLogs } from './access-logs.ts';
import { Metrics } from './metrics.ts';

export const Telemetry = z
  .object({ accessLogs: AccessLogs, metrics: Metrics })
  .prefault({})
  .describe('What sidecars tell about the traffic of the mesh.');
export type Telemetry = z.infer<typeof Telemetry>;
