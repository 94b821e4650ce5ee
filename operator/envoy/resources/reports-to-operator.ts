// How access logs and spans are sent to the operator.
import { operatorCluster, reportRetries } from '../../values/sidecar-names.ts';
import type { EnvoyMessage } from '../proto/envoy-message.ts';
import { duration } from '../proto/well-known.ts';

/** @see https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/core/v3/grpc_service.proto */
export const reportsToOperator: EnvoyMessage = {
  envoy_grpc: { cluster_name: operatorCluster },
  timeout: duration(5_000),
  retry_policy: reportRetries,
};
