// Which requests a match leaves out.
import type { RouteMatchIr } from '../../../ir/service.ts';
import { isSameValue } from '../../../values/same-value.ts';

export function matchesEverything({ path, ...others }: RouteMatchIr): boolean {
  const isAnyPath = path === null || (path.type === 'PathPrefix' && path.value === '/');
  return isAnyPath && isSameValue(others, noCondition);
}

const noCondition: Omit<RouteMatchIr, 'path'> = {
  method: null,
  headers: [],
  queryParameters: [],
  hostnames: [],
  grpc: false,
};
