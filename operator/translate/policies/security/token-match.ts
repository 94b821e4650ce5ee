// What rules ask of tokens, in the mesh's own words.
import type { SecurityPolicy } from '../../../../api/v1alpha1/security/policy.ts';
import type { TokenMatch } from '../../../../api/v1alpha1/security/token-match.ts';
import type { TokenMatchIr } from '../../../ir/tokens.ts';
import { compareText } from '../../../values/compare-text.ts';

export function tokenMatchOf(match: TokenMatch, policy: SecurityPolicy): TokenMatchIr {
  const { provider, subjects, claims } = match;
  const all = policy.spec.authentication?.jwt ?? [];
  return {
    providers: all
      .filter(({ name }) => provider === undefined || name === provider)
      .map(({ name }) => providerId(name, policy))
      .toSorted(compareText),
    subjects: subjects.length === 0 ? 'any' : subjects.toSorted(compareText),
    claims: claims.map(({ path, values }) => ({ path, values: values.toSorted(compareText) })),
  };
}

/** `shop/reviews/corp`: namespace/policy/provider. */
export function providerId(name: string, policy: SecurityPolicy): string {
  return `${policyId(policy)}/${name}`;
}

export function policyId({ metadata }: SecurityPolicy): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}
