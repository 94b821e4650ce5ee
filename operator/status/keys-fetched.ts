// Whether the keys of issuers could be fetched: a condition of a SecurityPolicy whose keys are not in it. Pure.
import type { KeyReport } from '../conditions/key-report.ts';
import { type ConditionDraft, conditionType, reason } from '../conditions/conditions.ts';
import type { Origin } from '../ir/origin.ts';
import { timestamp } from './object-status.ts';

/** The keys of one provider of a policy. */
export interface ProviderKeys {
  /** Its name in the policy. */
  readonly provider: string;
  readonly report: KeyReport;
}

/** `namespace/name` of a policy → its providers with a URI, sorted by name. */
export type KeysByPolicy = ReadonlyMap<string, readonly ProviderKeys[]>;

export function keysByPolicy(reports: readonly KeyReport[]): KeysByPolicy {
  const all = new Map<string, ProviderKeys[]>();
  for (const report of reports) {
    for (const id of report.providers) {
      const end = id.lastIndexOf('/');
      const policy = id.slice(0, end);
      const present = all.get(policy) ?? [];
      present.push({ provider: id.slice(end + 1), report });
      all.set(policy, present);
    }
  }
  for (const providers of all.values()) providers.sort((a, b) => (a.provider < b.provider ? -1 : 1));
  return all;
}

/** None for a policy without a URI. */
export function keysFetchedOf(
  { kind, namespace, name }: Origin,
  keys: KeysByPolicy,
): readonly ConditionDraft[] {
  const providers = kind === 'SecurityPolicy' ? (keys.get(`${namespace}/${name}`) ?? []) : [];
  if (providers.length === 0) return [];
  const type = conditionType.keysFetched;
  const message = providers.map((it) => sentenceOf(it)).join(' ');
  if (providers.some(({ report }) => report.problem !== null))
    return [{ type, status: 'False', reason: reason.fetchFailed, message }];
  if (providers.some(({ report }) => report.keys === null))
    return [{ type, status: 'Unknown', reason: reason.pending, message }];
  return [{ type, status: 'True', reason: reason.keysFetched, message }];
}

function sentenceOf({ provider, report: { from, keys, notes, problem } }: ProviderKeys): string {
  if (problem !== null) return `${failureOf[from](provider)} ${problem} ${consequence(keys)}`;
  if (keys === null)
    return `The keys of ${provider} are being fetched. No token of this issuer is valid until then.`;
  const rest = notes.length === 0 ? '' : ` Others cannot be used. ${notes.join(' ')}`;
  return `Keys of ${provider}: ${keys.count}, unchanged since ${time(keys.sinceMs)}.${rest}`;
}

const failureOf: Readonly<Record<KeyReport['from'], (provider: string) => string>> = {
  uri: (provider) => `The keys of ${provider} cannot be fetched from jwks.uri.`,
  document: (provider) =>
    `The keys of ${provider} cannot be fetched, because the discovery document of its issuer cannot be used.`,
  documentUri: (provider) =>
    `The keys of ${provider} cannot be fetched from jwks_uri of the discovery document of its issuer.`,
};

function consequence(keys: KeyReport['keys']): string {
  if (keys === null) return 'No token of this issuer is valid until a fetch succeeds.';
  const at = time(keys.fetchedMs);
  return keys.count === 1
    ? `The key of the last successful fetch, at ${at}, stays in use.`
    : `The ${keys.count} keys of the last successful fetch, at ${at}, stay in use.`;
}

function time(ms: number): string {
  return timestamp(new Date(ms));
}
