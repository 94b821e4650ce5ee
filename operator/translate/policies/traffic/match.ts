// Which requests a match leaves out.
import type { RouteMatchIr } from '../../../ir/route.ts';
import { isSameValue } from '../../../values/same-value.ts';

export function matchesEverything({ path, ...others }: RouteMatchIr): boolean {
  const isAnyPath = path === null || (path.type === 'PathPrefix' && path.value === '/');
  return isAnyPath && isSameValue(others, noCondition);
}

/** What every request matches. */
export const anyRequest: RouteMatchIr = {
  path: null,
  method: null,
  headers: [],
  queryParameters: [],
  hostnames: [],
  grpc: false,
};

const { path: _anyPath, ...noCondition } = anyRequest;
