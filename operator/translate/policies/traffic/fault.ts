// Failures that a route of a TrafficPolicy injects.
import { durationMs } from '../../../../api/duration.ts';
import { grpcStatusNumber } from '../../../../api/v1alpha1/traffic/grpc-status.ts';
import type { TrafficPolicy } from '../../../../api/v1alpha1/traffic/policy.ts';
import type { FaultIr } from '../../../ir/route.ts';
import { valueMatch } from './value-match.ts';

type Fault = NonNullable<TrafficPolicy['spec']['routes'][number]['fault']>;

export function faultOf(fault: Fault | undefined): FaultIr | null {
  if (fault === undefined) return null;
  const { delay, abort, bandwidth, only } = fault;
  if ([delay, abort, bandwidth].every((one) => one === undefined)) return null;
  return {
    delay:
      delay === undefined ? null : { durationMs: durationMs(delay.duration), percentage: delay.percentage },
    bandwidth: bandwidth ?? null,
    abort: abort === undefined ? null : { ...failureOf(abort), percentage: abort.percentage },
    headers: (only?.headers ?? []).map(valueMatch),
  };
}

type Failure = Pick<NonNullable<FaultIr['abort']>, 'type' | 'status'>;

function failureOf({ status, grpcStatus }: NonNullable<Fault['abort']>): Failure {
  return grpcStatus === undefined
    ? { type: 'HTTP', status: status ?? 503 }
    : { type: 'gRPC', status: grpcStatusNumber(grpcStatus) };
}
