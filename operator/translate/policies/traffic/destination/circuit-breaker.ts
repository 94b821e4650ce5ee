// circuitBreaker: each limit is a setting of its own, but for the two of retries.
import type { CircuitBreakerIr, RetryBudgetIr } from '../../../../ir/destination.ts';
import { written } from '../../setting.ts';
import type { SettingGroup, Written } from './group.ts';

/** 0: no limit. */
export interface CircuitBreakerSettings {
  readonly 'circuitBreaker.maxConnections': number;
  readonly 'circuitBreaker.maxPendingRequests': number;
  readonly 'circuitBreaker.maxRequests': number;
  /** Envoy heeds one of the two: whoever writes either of them decides both. null: nobody does. */
  readonly 'circuitBreaker.maxRetries or retry.budget': RetryLimit | null;
  readonly 'circuitBreaker.perEndpoint.maxConnections': number;
}

type RetryLimit = Pick<CircuitBreakerIr, 'maxRetries' | 'retryBudget'>;

/** Where nobody limits retries of requests that the application may have seen. */
export const standardRetryBudget: RetryBudgetIr = { percentage: 20, minConcurrency: 10 };

const unlimited = { value: 0, origin: null };

export const circuitBreaker: SettingGroup<CircuitBreakerSettings, CircuitBreakerIr> = {
  defaults: {
    'circuitBreaker.maxConnections': unlimited,
    'circuitBreaker.maxPendingRequests': unlimited,
    'circuitBreaker.maxRequests': unlimited,
    'circuitBreaker.maxRetries or retry.budget': { value: null, origin: null },
    'circuitBreaker.perEndpoint.maxConnections': unlimited,
  },
  written: ({ circuitBreaker: limits, retry }) =>
    written({
      'circuitBreaker.maxConnections': limits?.maxConnections,
      'circuitBreaker.maxPendingRequests': limits?.maxPendingRequests,
      'circuitBreaker.maxRequests': limits?.maxRequests,
      'circuitBreaker.maxRetries or retry.budget': retryLimitOf(retry?.budget, limits?.maxRetries),
      'circuitBreaker.perEndpoint.maxConnections': limits?.perEndpoint?.maxConnections,
    }),
  worksOnTcp: (slot) => slot.endsWith('maxConnections'),
  resolve: (settings) => ({
    maxConnections: settings.read('circuitBreaker.maxConnections'),
    maxPendingRequests: settings.read('circuitBreaker.maxPendingRequests'),
    maxRequests: settings.read('circuitBreaker.maxRequests'),
    ...(settings.read('circuitBreaker.maxRetries or retry.budget') ?? { maxRetries: 0, retryBudget: null }),
    maxConnectionsPerEndpoint: settings.read('circuitBreaker.perEndpoint.maxConnections'),
  }),
};

type Budget = NonNullable<Written['retry']>['budget'];

/** All of the requests in flight is no limit: retries that wait for their turn are not in flight, and would count against it. */
function retryLimitOf(budget: Budget, maxRetries: number | undefined): RetryLimit | undefined {
  if (budget === undefined) return maxRetries === undefined ? undefined : { maxRetries, retryBudget: null };
  return { maxRetries: 0, retryBudget: budget.percentage === 100 ? null : budget };
}
