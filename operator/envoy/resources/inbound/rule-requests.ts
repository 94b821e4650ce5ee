// The requests of an authorization rule as Envoy's permissions.
// @see https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/rbac/v3/rbac.proto#config-rbac-v3-permission
import type { ExcludedRequestsIr, RequestIr, RulePathIr } from '../../../ir/request.ts';
import type { EnvoyMessage } from '../../proto/envoy-message.ts';
import { type Certainty, opposite } from './certainty.ts';
import { anyReading, everyReading } from './request-path.ts';
import { allRules, anyRule, notRule } from './rule-set.ts';
import { header } from './rule-headers.ts';
import { host } from './rule-hosts.ts';

export function permission(
  { methods, paths, hosts, headers, not }: RequestIr,
  certainty: Certainty,
): EnvoyMessage {
  return allRules([
    ...(methods === 'any' ? [] : [anyMethod(methods, certainty)]),
    ...(paths === 'any' ? [] : [anyPath(paths, certainty)]),
    ...(hosts === 'any' ? [] : [host(hosts, certainty)]),
    ...headers.map((one) => header(one, certainty)),
    ...(not === null ? [] : [notRule(excluded(not, opposite[certainty]))]),
  ]);
}

/** One of all that is named. */
function excluded(
  { methods, paths, hosts, headers }: ExcludedRequestsIr,
  certainty: Certainty,
): EnvoyMessage {
  return anyRule([
    ...(methods.length === 0 ? [] : [anyMethod(methods, certainty)]),
    ...(paths.length === 0 ? [] : [anyPath(paths, certainty)]),
    ...(hosts.length === 0 ? [] : [host(hosts, certainty)]),
    ...headers.map((one) => header(one, certainty)),
  ]);
}

function anyPath(paths: readonly RulePathIr[], certainty: Certainty): EnvoyMessage {
  return certainty === 'possibly' ? anyReading(paths) : everyReading(paths);
}

/** Some applications take `get` for GET. */
function anyMethod(methods: readonly string[], certainty: Certainty): EnvoyMessage {
  return anyRule(
    methods.map((exact) => ({
      header: {
        name: ':method',
        string_match: certainty === 'possibly' ? { exact, ignore_case: true } : { exact },
      },
    })),
  );
}
