// What of a policy works on TCP ports, which have connections but no requests.
import type { TrafficPolicy } from '../../../../api/v1alpha1/traffic/policy.ts';
import { tcpSettings } from './destination/destination.ts';
import { rememberEach } from '../../../values/remember.ts';
import { claimsOf } from './traffic-policy.ts';

/** Some of its settings. */
export const worksOnTcp = rememberEach(
  (policy: TrafficPolicy) => Object.keys(tcpSettings(claimsOf(policy).settings)).length > 0,
);

/** The fields that need HTTP, as users write them. */
export const httpFields = rememberEach((policy: TrafficPolicy): readonly string[] => {
  const { routing, settings } = claimsOf(policy);
  const onTcp = tcpSettings(settings);
  const fields = Object.keys(settings).filter((slot) => !Object.hasOwn(onTcp, slot));
  const routed = (routing?.routes.length ?? 0) > 0 ? ['routes'] : [];
  return [...fields, ...limitedFields(policy), ...routed];
});

/** The fields that the sidecars of its servers obey. */
export const limitedFields = rememberEach((policy: TrafficPolicy): readonly string[] => {
  const { limits } = claimsOf(policy);
  const fields = Object.entries(limits).map(([slot, { type }]) => (type === 'Rate' ? 'limits' : slot));
  return [...new Set(fields)];
});
