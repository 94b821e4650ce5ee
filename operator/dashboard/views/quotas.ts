// Quotas of a policy: what they admit, and who uses how much of them. Pure.
import type { TrafficPolicy } from '../../../api/v1alpha1/traffic/policy.ts';
import type { ObjectStatus } from '../../ports/platform.ts';
import type { QuotaLine } from './json.ts';

/** In the order of the policy; of each Service that is asked for there is a line. */
export function quotaLines(
  { spec: { quotas } }: TrafficPolicy,
  status: ObjectStatus | undefined,
): readonly QuotaLine[] {
  const used = status !== undefined && 'quotas' in status ? (status.quotas ?? []) : [];
  return quotas.flatMap((written): QuotaLine[] => {
    const { name, per, header = '', window, enforcement } = written;
    const quota = {
      name,
      limit: limitOf(written),
      per: per === 'Header' ? header : per,
      window,
      isEnforced: enforcement === 'Enforce',
    };
    const lines = used
      .filter((one) => one.name === name)
      .map(({ service, since, admitted, refused, keys, users = [] }) => {
        return { ...quota, service, since, admitted, refused, keys, users };
      });
    if (lines.length > 0) return lines;
    return [{ ...quota, service: '', since: null, admitted: 0, refused: 0, keys: 0, users: [] }];
  });
}

function limitOf({ requests, period, cost }: TrafficPolicy['spec']['quotas'][number]): string {
  if (cost === undefined) return `${requests} in ${period}`;
  return `${requests} units in ${period}, 1 to ${cost.maximum} a request by ${cost.header}`;
}
