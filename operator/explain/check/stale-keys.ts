// Issuers whose keys were not fetched for long. Pure.
import { storedKeysIn } from '../../jwks/stored-keys.ts';
import type { Resources } from '../../store/resources.ts';
import { keySourcesOf } from '../../translate/policies/security/key-sources.ts';
import { type Finding, listed, timeText } from './finding.ts';

/** Times of success are written once an hour, and keys fetched once an hour at least. */
const staleMs = 3 * 3_600_000;

export function staleKeys(
  { configMaps, securityPolicies }: Pick<Resources, 'configMaps' | 'securityPolicies'>,
  nowMs: number,
): readonly Finding[] {
  const stored = storedKeysIn(configMaps);
  return keySourcesOf(securityPolicies).all.flatMap(({ id, uri, providers }): Finding[] => {
    const fetchedMs = stored.get(id)?.fetchedMs;
    if (fetchedMs !== undefined && nowMs - fetchedMs < staleMs) return [];
    const when =
      fetchedMs === undefined
        ? 'were never fetched, so all of its tokens are refused'
        : `were last fetched at ${timeText(fetchedMs)}, so tokens that are signed with newer keys are refused`;
    const message = `The keys at ${uri} (${listed(providers)}) ${when}. The condition KeysFetched of the policy says why.`;
    return [{ type: 'StaleKeys', message }];
  });
}
