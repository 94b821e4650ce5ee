// Settings of how endpoints are reached, in groups. To add a setting: a line in its group, and in DestinationIr, which it becomes.

import type { DestinationIr } from '../../../../ir/destination.ts';
import type { Origin } from '../../../../ir/origin.ts';
import { mergeOrigins } from '../../../facts/origins.ts';
import { chosen, readSettings, type Settings } from '../../setting.ts';
import { circuitBreaker, type CircuitBreakerSettings, standardRetryBudget } from './circuit-breaker.ts';
import { connection, type ConnectionSettings } from './connection.ts';
import type { SettingGroup, Written } from './group.ts';
import { healthCheck, type HealthCheckSettings } from './health-check.ts';
import { loadBalancer, type LoadBalancerSettings } from './load-balancer.ts';
import { locality, type LocalitySettings } from './locality.ts';
import { outlierDetection, type OutlierSettings } from './outlier-detection.ts';

export interface DestinationSettings
  extends
    LoadBalancerSettings,
    LocalitySettings,
    CircuitBreakerSettings,
    OutlierSettings,
    HealthCheckSettings,
    ConnectionSettings {}

export const defaultDestination: Settings<DestinationSettings> = {
  ...loadBalancer.defaults,
  ...locality.defaults,
  ...circuitBreaker.defaults,
  ...outlierDetection.defaults,
  ...healthCheck.defaults,
  ...connection.defaults,
};

/** Those that are written there. */
export function destinationSettingsOf(spec: Written): Readonly<Partial<DestinationSettings>> {
  return {
    ...loadBalancer.written(spec),
    ...locality.written(spec),
    ...circuitBreaker.written(spec),
    ...outlierDetection.written(spec),
    ...healthCheck.written(spec),
    ...connection.written(spec),
  };
}

/** What remains of them for connections of which nothing is known but their addresses. */
export function tcpSettings(
  settings: Readonly<Partial<DestinationSettings>>,
): Readonly<Partial<DestinationSettings>> {
  return {
    ...onTcp(loadBalancer, settings),
    ...onTcp(locality, settings),
    ...onTcp(circuitBreaker, settings),
    ...onTcp(outlierDetection, settings),
    ...onTcp(healthCheck, settings),
    ...onTcp(connection, settings),
  };
}

/** @param repeaters who has requests tried again that the application may have seen */
export function resolveDestination(
  settings: Settings<DestinationSettings>,
  repeaters: readonly Origin[],
): DestinationIr {
  const reader = readSettings(null, settings);
  const isLimited = reader.read('circuitBreaker.maxRetries or retry.budget') !== null;
  const needsBudget = !isLimited && repeaters.length > 0;
  return {
    loadBalancer: loadBalancer.resolve(reader),
    ...locality.resolve(reader),
    circuitBreaker: {
      ...circuitBreaker.resolve(reader),
      ...(needsBudget && { retryBudget: standardRetryBudget }),
    },
    outlierDetection: outlierDetection.resolve(reader),
    healthCheck: healthCheck.resolve(reader),
    connection: connection.resolve(reader),
    setBy: reader.setBy(),
    origins: mergeOrigins(reader.origins(), needsBudget ? repeaters : []),
  };
}

function onTcp<T extends object, Ir>(
  { defaults, worksOnTcp }: SettingGroup<T, Ir>,
  settings: Readonly<Partial<T>>,
): Readonly<Partial<T>> {
  return chosen<T>(
    settings,
    (slot, value) => Object.hasOwn(defaults, slot) && value !== undefined && worksOnTcp(slot, value),
  );
}
