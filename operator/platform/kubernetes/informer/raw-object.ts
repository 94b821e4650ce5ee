// An object as the API server sends it: only its metadata is looked at here; convert.ts takes it apart.
import { z } from 'zod';

export const RawObject = z.looseObject({
  apiVersion: z.string().exactOptional(),
  kind: z.string().exactOptional(),
  metadata: z.looseObject({
    name: z.string(),
    namespace: z.string().exactOptional(),
    resourceVersion: z.string(),
    generation: z.number().exactOptional(),
  }),
});
export type RawObject = z.infer<typeof RawObject>;
