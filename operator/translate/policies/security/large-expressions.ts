// Rules with regular expressions that are too large for a sidecar. They never get there, and the rule is read on the safe side:
// a Deny rule refuses every path, an Allow rule lets through none.
import {
  expressionSize,
  maxExpressionSize,
  maxTotalExpressionSize,
  totalOf,
} from '../../../../api/checks/expression-size.ts';
import type { Authentication } from '../../../../api/v1alpha1/security/authentication.ts';
import type { ExternalAuthorizer } from '../../../../api/v1alpha1/security/external-authorizer.ts';
import type { SecurityPolicy } from '../../../../api/v1alpha1/security/policy.ts';
import { reason } from '../../../conditions/conditions.ts';
import { rememberEach } from '../../../values/remember.ts';
import { listed, type Problem } from '../../facts/verdicts.ts';
import type { Rule } from './rule.ts';

type Request = Rule['to'][number];
type Excluded = NonNullable<Request['not']>;
type Condition = Request['paths'][number] | Request['headers'][number];
type IsLarge = (condition: Condition) => boolean;

export interface BoundedRule {
  readonly rule: Rule;
  readonly hasLargeExpression: boolean;
  /** An Allow rule of which nothing is left. */
  readonly matchesNothing: boolean;
}

/** In the order of rules. */
export function boundedRules(rules: readonly Rule[]): readonly BoundedRule[] {
  const isLarge = largeOf(rules);
  return rules.map((rule): BoundedRule => {
    if (!rule.to.some((request) => conditionsOf(request).some(isLarge))) {
      return { rule, hasLargeExpression: false, matchesNothing: false };
    }
    const bounded = rule.action === 'Deny' ? matchingMore : matchingLess;
    const to = rule.to.flatMap((request) => bounded(request, isLarge));
    return { rule: { ...rule, to }, hasLargeExpression: true, matchesNothing: to.length === 0 };
  });
}

/** Requests that need no token (Required) are read like those of an Allow rule, those that need one like those of a Deny rule. */
export function boundedExceptions({ mode, exceptions }: Authentication): BoundedRule {
  return boundedRequests(exceptions, mode === 'Required' ? 'Allow' : 'Deny');
}

/** Requests that an authorizer is asked about are read like those of a Deny rule. */
export function boundedExternal({ to }: ExternalAuthorizer): BoundedRule {
  return boundedRequests(to, 'Deny');
}

function boundedRequests(to: Rule['to'], action: Rule['action']): BoundedRule {
  const rule: Rule = { name: 'requests', action, from: [], to };
  return boundedRules([rule])[0] ?? { rule, hasLargeExpression: false, matchesNothing: false };
}

/** For a Deny rule. */
function matchingMore({ not, ...request }: Request, isLarge: IsLarge): readonly Request[] {
  const isSmall = (condition: Condition): boolean => !isLarge(condition);
  const more: Request = {
    ...request,
    paths: request.paths.some(isLarge) ? [] : request.paths,
    headers: request.headers.filter(isSmall),
  };
  if (not === undefined) return [more];
  const fewer = { ...not, paths: not.paths.filter(isSmall), headers: not.headers.filter(isSmall) };
  return [isEmpty(fewer) ? more : { ...more, not: fewer }];
}

/** For an Allow rule. */
function matchingLess(request: Request, isLarge: IsLarge): readonly Request[] {
  const { not } = request;
  const others = [...request.headers, ...(not?.headers ?? []), ...(not?.paths ?? [])];
  if (others.some(isLarge)) return [];
  const paths = request.paths.filter((path) => !isLarge(path));
  return request.paths.length > 0 && paths.length === 0 ? [] : [{ ...request, paths }];
}

function isEmpty({ ports, methods, paths, hosts, headers }: Excluded): boolean {
  return ports.length + methods.length + paths.length + hosts.length + headers.length === 0;
}

function conditionsOf({ paths, headers, not }: Request): readonly Condition[] {
  return [...paths, ...headers, ...(not?.paths ?? []), ...(not?.headers ?? [])];
}

/** What finds a value in a list of values. */
const listFrame = 16;

function largeOf(rules: readonly Rule[]): IsLarge {
  const sizes = new Map(
    rules.flatMap(({ to }) =>
      to.flatMap(conditionsOf).flatMap((condition) => {
        const { value = '', type } = condition;
        if (type === 'RegularExpression') return [[condition, expressionSize(value)] as const];
        return 'name' in condition && type === 'Exact'
          ? [[condition, value.length + listFrame] as const]
          : [];
      }),
    ),
  );
  const bound = totalOf([...sizes.values()]) > maxTotalExpressionSize ? 0 : maxExpressionSize;
  return (condition) => (sizes.get(condition) ?? 0) > bound;
}

/** For the verdict on the policy. */
export const expressionProblems = rememberEach(({ spec }: SecurityPolicy): readonly Problem[] => {
  const { authentication } = spec;
  const isLarge = authentication !== undefined && boundedExceptions(authentication).hasLargeExpression;
  const external = spec.authorization?.external;
  const isLargeExternal = external !== undefined && boundedExternal(external).hasLargeExpression;
  return [
    ...largeRules(spec.authorization?.rules ?? []),
    ...(isLarge ? [largeExceptions] : []),
    ...(isLargeExternal ? [largeExternal] : []),
  ];
});

const largeExternal: Problem = {
  reason: reason.unsupportedValue,
  message: `An expression in authorization.external.to is too large. The authorizer is asked about more requests than you meant. Simplify it: the limit is ${maxExpressionSize} RE2 instructions for an expression and ${maxTotalExpressionSize} for all expressions of to.`,
};

const largeExceptions: Problem = {
  reason: reason.unsupportedValue,
  message: `An expression in authentication.exceptions is too large. More requests need a token than you meant. Simplify it: the limit is ${maxExpressionSize} RE2 instructions for an expression and ${maxTotalExpressionSize} for all expressions of exceptions.`,
};

function largeRules(rules: readonly Rule[]): readonly Problem[] {
  const large = boundedRules(rules).filter(({ hasLargeExpression }) => hasLargeExpression);
  if (large.length === 0) return [];
  const message = `An expression in rule ${listed(large.map(({ rule }) => rule.name))} is too large. Deny rules apply without that condition, and Allow rules match no request by it. Simplify it: the limit is ${maxExpressionSize} RE2 instructions for an expression and ${maxTotalExpressionSize} for all expressions of a policy.`;
  return [{ reason: reason.unsupportedValue, message }];
}
