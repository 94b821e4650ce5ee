// Which pages of other origins a route of a TrafficPolicy is for.
import { durationMs } from '../../../../api/duration.ts';
import type { TrafficPolicy } from '../../../../api/v1alpha1/traffic/policy.ts';
import type { CorsIr } from '../../../ir/cors.ts';

export function corsOf(cors: TrafficPolicy['spec']['routes'][number]['cors']): CorsIr | null {
  if (cors === undefined) return null;
  const { maxAge, ...others } = cors;
  return { ...others, maxAgeMs: maxAge === undefined ? null : durationMs(maxAge) };
}
