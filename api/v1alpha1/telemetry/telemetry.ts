// What sidecars tell about the traffic of the mesh, and whom.
import { z } from 'zod';
import { AccessLogs } from './access-logs.ts';

export const Telemetry = z
  .object({ accessLogs: AccessLogs })
  .prefault({})
  .describe('What sidecars tell about the traffic of the mesh.');
export type Telemetry = z.infer<typeof Telemetry>;
