// What policies say to the sidecars of servers: what is too much, and how applications learn who calls. Each limit is a decision of its
// own, by its name.
import { durationMs } from '../../../../api/duration.ts';
import type { TrafficPolicy } from '../../../../api/v1alpha1/traffic/policy.ts';
import type {
  AdaptiveConcurrencyIr,
  AdmissionControlIr,
  LimitMatchIr,
  LimitsIr,
  QuotaIr,
  RateLimitIr,
} from '../../../ir/inbound.ts';
import { quotaKey } from '../../../ir/quota.ts';
import { compareText } from '../../../values/compare-text.ts';
import { mergeOrigins, originOf } from '../../facts/origins.ts';
import { translatePath } from '../path-match.ts';
import type { Decisions } from '../contest.ts';
import { valueMatch } from './value-match.ts';

export type LimitClaim =
  | { readonly type: 'Rate'; readonly value: RateLimitIr }
  | { readonly type: 'Quota'; readonly value: Omit<QuotaIr, 'service'> }
  | { readonly type: 'AdaptiveConcurrency'; readonly value: AdaptiveConcurrencyIr }
  | { readonly type: 'AdmissionControl'; readonly value: AdmissionControlIr }
  | { readonly type: 'CallerHeader'; readonly value: string };

/** By the field that users write: `limits[per-caller]`, `quotas[per-caller]`. */
export type LimitClaims = Readonly<Record<string, LimitClaim>>;

export function limitClaims({ metadata, spec }: TrafficPolicy): LimitClaims {
  const { limits, quotas, adaptiveConcurrency, admissionControl, callerIdentity } = spec;
  const policy = `${metadata.namespace ?? ''}/${metadata.name}`;
  return {
    ...Object.fromEntries(
      limits.map((limit) => [
        `limits[${limit.name}]`,
        { type: 'Rate', value: rateLimit(`${policy}/${limit.name}`, limit) } as const,
      ]),
    ),
    ...Object.fromEntries(
      quotas.map((quota) => [
        `quotas[${quota.name}]`,
        { type: 'Quota', value: quotaOf(`${policy}/${quota.name}`, quota) } as const,
      ]),
    ),
    ...(adaptiveConcurrency && {
      adaptiveConcurrency: { type: 'AdaptiveConcurrency', value: concurrencyOf(adaptiveConcurrency) },
    }),
    ...(admissionControl && {
      admissionControl: { type: 'AdmissionControl', value: admissionOf(admissionControl) },
    }),
    ...(callerIdentity && {
      callerIdentity: { type: 'CallerHeader', value: callerIdentity.header.toLowerCase() },
    }),
  };
}

type Limit = TrafficPolicy['spec']['limits'][number];
type Quota = TrafficPolicy['spec']['quotas'][number];

function rateLimit(id: string, { match, per, header, rate }: Limit): RateLimitIr {
  const { requests, per: period, burst = requests } = rate;
  return {
    id,
    match: matchOf(match),
    per: keyOf(per, header),
    requests,
    periodMs: durationMs(period),
    burst,
  };
}

function keyOf(per: Limit['per'], header: Limit['header']): RateLimitIr['per'] {
  return per === 'Header' ? { header: (header ?? '').toLowerCase() } : per;
}

function quotaOf(id: string, quota: Quota): Omit<QuotaIr, 'service'> {
  const { match, per, header, cost, requests, period, window, burst = null } = quota;
  return {
    id,
    match: matchOf(match),
    per: keyOf(per, header),
    cost: cost === undefined ? null : { ...cost, header: cost.header.toLowerCase() },
    requests,
    periodMs: wholeSeconds(period),
    window,
    burst,
    isEnforced: quota.enforcement === 'Enforce',
    whenUnavailable: quota.whenUnavailable,
  };
}

function matchOf(match: Limit['match']): LimitMatchIr {
  if (match === undefined) return { path: null, method: null, headers: [] };
  const { path, method = null, headers } = match;
  return {
    path: path === undefined ? null : { type: path.type, value: translatePath(path).value },
    method,
    headers: headers.map(valueMatch),
  };
}

function concurrencyOf(
  spec: NonNullable<TrafficPolicy['spec']['adaptiveConcurrency']>,
): AdaptiveConcurrencyIr {
  const { maxConcurrency, minConcurrency, measurementInterval, tolerancePercentage } = spec;
  return {
    max: maxConcurrency,
    min: minConcurrency,
    measurementIntervalMs: durationMs(measurementInterval),
    tolerancePercentage,
  };
}

function admissionOf(spec: NonNullable<TrafficPolicy['spec']['admissionControl']>): AdmissionControlIr {
  const { window, ...percentages } = spec;
  return { ...percentages, windowMs: wholeSeconds(window) };
}

function wholeSeconds(duration: string): number {
  return Math.ceil(durationMs(duration) / 1_000) * 1_000;
}

/** service: `shop/reviews`. null: nobody says anything. */
export function limitsAt(
  service: string,
  decisions: Decisions<TrafficPolicy>,
  claimsOf: (policy: TrafficPolicy) => LimitClaims,
): LimitsIr | null {
  const made = [...decisions].flatMap(([slot, [winner]]) => {
    const claim = winner === undefined ? undefined : claimsOf(winner.policy)[slot];
    return winner === undefined || claim === undefined ? [] : [limitsOf(service, slot, claim, winner.policy)];
  });
  return together(made);
}

/** Limits and headers of several Services that lead to the same port all hold. Of what there can be but one of, the first counts. */
export function together(limits: readonly LimitsIr[]): LimitsIr | null {
  if (limits.length === 0) return null;
  const headers = new Set(limits.flatMap((one) => one.callerHeaders));
  const rates = new Map(limits.flatMap((one) => one.rates.map((rate) => [rate.id, rate] as const)));
  const quotas = new Map(
    limits.flatMap((one) => one.quotas.map((quota) => [quotaKey(quota), quota] as const)),
  );
  return {
    rates: [...rates.values()],
    quotas: [...quotas.values()],
    adaptiveConcurrency: limits.find((one) => one.adaptiveConcurrency)?.adaptiveConcurrency ?? null,
    admissionControl: limits.find((one) => one.admissionControl)?.admissionControl ?? null,
    callerHeaders: [...headers].toSorted(compareText),
    setBy: Object.fromEntries(limits.toReversed().flatMap(({ setBy }) => Object.entries(setBy))),
    origins: mergeOrigins(...limits.map(({ origins }) => origins)),
  };
}

function limitsOf(service: string, slot: string, claim: LimitClaim, policy: TrafficPolicy): LimitsIr {
  const origin = originOf(policy);
  return {
    rates: claim.type === 'Rate' ? [claim.value] : [],
    quotas: claim.type === 'Quota' ? [{ ...claim.value, service }] : [],
    adaptiveConcurrency: claim.type === 'AdaptiveConcurrency' ? claim.value : null,
    admissionControl: claim.type === 'AdmissionControl' ? claim.value : null,
    callerHeaders: claim.type === 'CallerHeader' ? [claim.value] : [],
    setBy: { [slot]: origin },
    origins: [origin],
  };
}
