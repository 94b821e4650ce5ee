// circuitBreaker: each limit is a setting of its own.
import type { CircuitBreakerIr } from '../../../../ir/destination.ts';
import { written } from '../../setting.ts';
import type { SettingGroup } from './group.ts';

/** 0: no limit. */
export interface CircuitBreakerSettings {
  readonly 'circuitBreaker.maxConnections': number;
  readonly 'circuitBreaker.maxPendingRequests': number;
  readonly 'circuitBreaker.maxRequests': number;
  readonly 'circuitBreaker.maxRetries': number;
  readonly 'circuitBreaker.perEndpoint.maxConnections': number;
}

const unlimited = { value: 0, origin: null };

export const circuitBreaker: SettingGroup<CircuitBreakerSettings, CircuitBreakerIr> = {
  defaults: {
    'circuitBreaker.maxConnections': unlimited,
    'circuitBreaker.maxPendingRequests': unlimited,
    'circuitBreaker.maxRequests': unlimited,
    'circuitBreaker.maxRetries': unlimited,
    'circuitBreaker.perEndpoint.maxConnections': unlimited,
  },
  written: ({ circuitBreaker: limits }) =>
    written({
      'circuitBreaker.maxConnections': limits?.maxConnections,
      'circuitBreaker.maxPendingRequests': limits?.maxPendingRequests,
      'circuitBreaker.maxRequests': limits?.maxRequests,
      'circuitBreaker.maxRetries': limits?.maxRetries,
      'circuitBreaker.perEndpoint.maxConnections': limits?.perEndpoint?.maxConnections,
    }),
  worksOnTcp: (slot) => slot.endsWith('maxConnections'),
  resolve: (settings) => ({
    maxConnections: settings.read('circuitBreaker.maxConnections'),
    maxPendingRequests: settings.read('circuitBreaker.maxPendingRequests'),
    maxRequests: settings.read('circuitBreaker.maxRequests'),
    maxRetries: settings.read('circuitBreaker.maxRetries'),
    maxConnectionsPerEndpoint: settings.read('circuitBreaker.perEndpoint.maxConnections'),
  }),
};
