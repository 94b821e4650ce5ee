// Settings of how endpoints are reached. To add one: a line in DestinationSettings, its default, whether it works on TCP ports, and where
// it is read from what users write; then DestinationIr, and resolveDestination, which reads it.
import { durationMs } from '../../../../api/duration.ts';
import type { TrafficPolicy } from '../../../../api/v1alpha1/traffic/policy.ts';
import type { DestinationIr, HashOnIr, LoadBalancerIr } from '../../../ir/destination.ts';
import { mergeOrigins } from '../../facts/origins.ts';
import { readSettings, type Settings } from '../setting.ts';

/** By the field that users write. */
export interface DestinationSettings {
  /** null: as without a policy. */
  readonly loadBalancer: LoadBalancerClaim | null;
}

export interface LoadBalancerClaim extends LoadBalancerIr {
  /** The first that a request has. */
  readonly hashOn: readonly HashOnIr[];
}

export const defaultDestination: Settings<DestinationSettings> = {
  loadBalancer: { value: null, origin: null },
};

type Written = Pick<TrafficPolicy['spec'], 'loadBalancer'>;

/** Those that are written there. */
export function destinationSettingsOf({ loadBalancer }: Written): Readonly<Partial<DestinationSettings>> {
  return { ...(loadBalancer !== undefined && { loadBalancer: loadBalancerOf(loadBalancer) }) };
}

/** What remains of them for connections of which nothing is known but their addresses. */
export function tcpSettings(
  settings: Readonly<Partial<DestinationSettings>>,
): Readonly<Partial<DestinationSettings>> {
  const { loadBalancer } = settings;
  return { ...(loadBalancer !== undefined && worksOnTcp(loadBalancer) && { loadBalancer }) };
}

function worksOnTcp(loadBalancer: LoadBalancerClaim | null): boolean {
  const hashOn = loadBalancer?.hashOn ?? [];
  return hashOn.length === 0 || hashOn.some(({ type }) => type === 'SourceAddress');
}

export function resolveDestination(settings: Settings<DestinationSettings>): DestinationIr {
  const reader = readSettings(null, settings);
  const loadBalancer = reader.read('loadBalancer');
  return {
    loadBalancer: loadBalancer && { type: loadBalancer.type, slowStart: loadBalancer.slowStart },
    origins: mergeOrigins(reader.origins()),
  };
}

function loadBalancerOf({
  type,
  hashOn,
  slowStart,
}: NonNullable<Written['loadBalancer']>): LoadBalancerClaim {
  return {
    type,
    hashOn: hashOn.map(hashOnOf),
    slowStart:
      slowStart === undefined
        ? null
        : { windowMs: durationMs(slowStart.window), minWeightPercentage: slowStart.minWeightPercentage },
  };
}

function hashOnOf({
  type,
  name = '',
  ttl = '0s',
}: NonNullable<Written['loadBalancer']>['hashOn'][number]): HashOnIr {
  switch (type) {
    case 'Header':
      return { type, name: name.toLowerCase() };
    case 'QueryParameter':
      return { type, name };
    case 'Cookie':
      return { type, name, ttlMs: durationMs(ttl) };
    case 'SourceAddress':
      return { type };
  }
}
