// What an application is spared while it is slow or fails, by filters that watch its responses.
import type { AdaptiveConcurrencyIr, AdmissionControlIr } from '../../../ir/inbound.ts';
import type { EnvoyMessage } from '../../proto/envoy-message.ts';
import { duration } from '../../proto/well-known.ts';
import { extension, type NamedExtension } from '../typed-config.ts';

const http = 'envoy.extensions.filters.http';

export function admissionControl(control: AdmissionControlIr): NamedExtension {
  return extension('admission-control', `${http}.admission_control.v3.AdmissionControl`, {
    success_criteria: {},
    sampling_window: duration(control.windowMs),
    sr_threshold: percent(control.minSuccessPercentage),
    rps_threshold: { default_value: control.minRequestsPerSecond },
    max_rejection_probability: percent(control.maxRejectionPercentage),
  });
}

function percent(value: number): EnvoyMessage {
  return { default_value: { value } };
}

/** How often the limit follows the latency. */
const updateMs = 100;

export function adaptiveConcurrency(control: AdaptiveConcurrencyIr): NamedExtension {
  return extension('adaptive-concurrency', `${http}.adaptive_concurrency.v3.AdaptiveConcurrency`, {
    gradient_controller_config: {
      concurrency_limit_params: {
        max_concurrency_limit: control.max,
        concurrency_update_interval: duration(updateMs),
      },
      min_rtt_calc_params: {
        interval: duration(control.measurementIntervalMs),
        min_concurrency: control.min,
        buffer: { value: control.tolerancePercentage },
      },
    },
  });
}
