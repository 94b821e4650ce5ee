// Conditions on headers and query parameters.
import type { TrafficPolicy } from '../../../../api/v1alpha1/traffic/policy.ts';
import type { ValueMatchIr } from '../../../ir/route.ts';

type Condition = TrafficPolicy['spec']['routes'][number]['matches'][number]['headers'][number];

export function valueMatch({ name, type, value = '', not }: Condition): ValueMatchIr {
  return { name, type, value, not };
}
