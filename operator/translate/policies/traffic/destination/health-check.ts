// healthCheck: its fields depend on each other, so that all of them are one setting.
import { durationMs } from '../../../../../api/duration.ts';
import type { HealthCheckIr } from '../../../../ir/destination.ts';
import { written } from '../../setting.ts';
import type { SettingGroup, Written } from './group.ts';

export interface HealthCheckSettings {
  /** null: endpoints are not checked. */
  readonly healthCheck: HealthCheckIr | null;
}

export const healthCheck: SettingGroup<HealthCheckSettings, HealthCheckIr | null> = {
  defaults: { healthCheck: { value: null, origin: null } },
  written: (spec) => written({ healthCheck: spec.healthCheck && checkOf(spec.healthCheck) }),
  worksOnTcp: (_slot, value) => value?.probe.type === 'TCP',
  resolve: (settings) => settings.read('healthCheck'),
};

type HealthCheck = NonNullable<Written['healthCheck']>;

function checkOf({ type, path = '/', ...check }: HealthCheck): HealthCheckIr {
  return {
    probe: type === 'HTTP' ? { type, path } : { type },
    intervalMs: durationMs(check.interval),
    timeoutMs: durationMs(check.timeout),
    unhealthyThreshold: check.unhealthyThreshold,
    healthyThreshold: check.healthyThreshold,
  };
}
