// Rules with regular expressions that are too large for a sidecar. They never get there, and the rule is read on the safe side:
// a Deny rule refuses every path, an Allow rule lets through none.
import {
  expressionSize,
  maxExpressionSize,
  maxTotalExpressionSize,
  totalOf,
} from '../../../../api/checks/expression-size.ts';
import type { SecurityPolicy } from '../../../../api/v1alpha1/security/policy.ts';
import { reason } from '../../../conditions/conditions.ts';
import { listed, type Problem } from '../../facts/verdicts.ts';

type Rule = NonNullable<SecurityPolicy['spec']['authorization']>['rules'][number];

export interface BoundedRule {
  readonly rule: Rule;
  readonly hasLargeExpression: boolean;
  /** An Allow rule of which nothing is left. */
  readonly matchesNothing: boolean;
}

type Path = Rule['to'][number]['paths'][number];

/** In the order of rules. */
export function boundedRules(rules: readonly Rule[]): readonly BoundedRule[] {
  const isLarge = largeOf(rules.flatMap(({ to }) => to.flatMap(({ paths }) => paths)));
  return rules.map((rule): BoundedRule => {
    if (!rule.to.some(({ paths }) => paths.some(isLarge))) {
      return { rule, hasLargeExpression: false, matchesNothing: false };
    }
    const to = rule.to.flatMap((request): Rule['to'] => {
      const paths = request.paths.filter((path) => !isLarge(path));
      if (paths.length === request.paths.length) return [request];
      if (rule.action === 'Deny') return [{ ...request, paths: [] }];
      return paths.length === 0 ? [] : [{ ...request, paths }];
    });
    return { rule: { ...rule, to }, hasLargeExpression: true, matchesNothing: to.length === 0 };
  });
}

function largeOf(paths: readonly Path[]): (path: Path) => boolean {
  const sizes = new Map(
    paths
      .filter(({ type }) => type === 'RegularExpression')
      .map((path) => [path, expressionSize(path.value)] as const),
  );
  const bound = totalOf([...sizes.values()]) > maxTotalExpressionSize ? 0 : maxExpressionSize;
  return (path) => (sizes.get(path) ?? 0) > bound;
}

/** For the verdict on the policy. */
export function expressionProblems({ spec }: SecurityPolicy): readonly Problem[] {
  const large = boundedRules(spec.authorization?.rules ?? []).filter(
    ({ hasLargeExpression }) => hasLargeExpression,
  );
  if (large.length === 0) return [];
  const message = `A path expression in rule ${listed(large.map(({ rule }) => rule.name))} is too large. Deny rules with it match every path, and Allow rules ignore it. Simplify it: the limit is ${maxExpressionSize} RE2 instructions for an expression and ${maxTotalExpressionSize} for all expressions of a policy.`;
  return [{ reason: reason.unsupportedValue, message }];
}
