// loadBalancer: its fields depend on each other, so that all of them are one setting.
import { durationMs } from '../../../../../api/duration.ts';
import type { HashOnIr, LoadBalancerIr, StickySessionIr } from '../../../../ir/destination.ts';
import { written } from '../../setting.ts';
import type { SettingGroup, Written } from './group.ts';

export interface LoadBalancerSettings {
  /** null: as without a policy. */
  readonly loadBalancer: LoadBalancerClaim | null;
}

export interface LoadBalancerClaim extends LoadBalancerIr {
  /** The first that a request has. */
  readonly hashOn: readonly HashOnIr[];
  readonly stickySession: StickySessionIr | null;
}

export const loadBalancer: SettingGroup<LoadBalancerSettings, LoadBalancerIr | null> = {
  defaults: { loadBalancer: { value: null, origin: null } },
  written: (spec) => written({ loadBalancer: spec.loadBalancer && claimOf(spec.loadBalancer) }),
  worksOnTcp: (_slot, value) => {
    const { hashOn = [], stickySession = null } = value ?? {};
    if (stickySession !== null) return false;
    return hashOn.length === 0 || hashOn.some(({ type }) => type === 'SourceAddress');
  },
  resolve: (settings) => {
    const claim = settings.read('loadBalancer');
    return claim && { type: claim.type, slowStart: claim.slowStart };
  },
};

type LoadBalancer = NonNullable<Written['loadBalancer']>;

function claimOf({ type, hashOn, slowStart, stickySession }: LoadBalancer): LoadBalancerClaim {
  return {
    type,
    hashOn: hashOn.map(hashOnOf),
    stickySession:
      stickySession === undefined
        ? null
        : { cookie: stickySession.cookie, ttlMs: durationMs(stickySession.ttl) },
    slowStart:
      slowStart === undefined
        ? null
        : { windowMs: durationMs(slowStart.window), minWeightPercentage: slowStart.minWeightPercentage },
  };
}

function hashOnOf({ type, name = '', ttl = '0s' }: LoadBalancer['hashOn'][number]): HashOnIr {
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
