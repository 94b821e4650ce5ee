// A group of settings about endpoints that belong together, and become one part of DestinationIr.
import { durationMs } from '../../../../../api/duration.ts';
import type { TrafficPolicy } from '../../../../../api/v1alpha1/traffic/policy.ts';
import type { Settings, SettingsReader } from '../../setting.ts';

/** Where settings are written. */
export type Written = Omit<
  TrafficPolicy['spec'],
  'targetRefs' | 'limits' | 'quotas' | 'subsets' | 'routes' | 'tcpRoutes' | 'tlsRoutes' | 'timeout'
>;

/**
 * @typeParam T the settings, by the field that users write
 * @typeParam Ir what they become
 */
export interface SettingGroup<T, Ir> {
  readonly defaults: Settings<T>;
  /** Those that are written there. */
  readonly written: (spec: Written) => Readonly<Partial<T>>;
  /** Whether it works where nothing is known of a connection but its addresses. */
  readonly worksOnTcp: <K extends keyof T>(slot: K, value: T[K]) => boolean;
  readonly resolve: (settings: SettingsReader<T>) => Ir;
}

/** Of a duration, if it is written. */
export function milliseconds(duration: string | undefined): number | undefined {
  return duration === undefined ? undefined : durationMs(duration);
}
