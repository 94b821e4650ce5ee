// Reports and assignments as Envoy sends and reads them. Pure.
// @see https://www.envoyproxy.io/docs/envoy/latest/api-v3/service/rate_limit_quota/v3/rlqs.proto
import { bucketFields } from '../envoy/resources/inbound/quotas.ts';
import type { EnvoyMessage } from '../envoy/proto/envoy-message.ts';
import { decode, encodeMessage } from '../envoy/proto/registry.ts';
import { duration } from '../envoy/proto/well-known.ts';
import type { Assigned, Reported } from './ledger.ts';
import { type Assignment, reportMs } from './rule.ts';

const service = 'envoy.service.rate_limit_quota.v3';

/** A sidecar that hears nothing for so long does what is to be done without the operator. */
const ttlMs = 4 * reportMs;
/** As good as nothing: a token in 30 years. Envoy reads whole seconds, and no bucket comes without a rate. */
const never = { tokens_per_fill: 1, fill_interval: duration(30 * 365 * 86_400_000) };
/** A SPIFFE ID has 2,048 at most, other values 200 bytes, each of which is written with three characters at most. */
const mostKeyCharacters = 4_096;

/** Of a report: 10,000 buckets have two thirds of it. A sidecar that was taken over could send two million in four megabytes. */
const mostFields = 200_000;

/** @throws Error when the bytes are no such report, or one of more fields */
export function readReport(bytes: Uint8Array): readonly Reported[] {
  const usages = decode(`${service}.RateLimitQuotaUsageReports`, bytes, mostFields)['bucket_quota_usages'];
  return (Array.isArray(usages) ? usages : []).flatMap((usage: EnvoyMessage): Reported[] => {
    const id = bucketOf(usage);
    if (id === null) return [];
    const allowed = countOf(usage['num_requests_allowed']);
    const denied = countOf(usage['num_requests_denied']);
    return [{ ...id, usage: { allowed, denied } }];
  });
}

function bucketOf({ bucket_id: id }: EnvoyMessage): Pick<Reported, 'quota' | 'key'> | null {
  const bucket = isMessage(id) ? id['bucket'] : null;
  if (!isMessage(bucket)) return null;
  const { [bucketFields.quota]: quota, [bucketFields.key]: key } = bucket;
  if (typeof quota !== 'string' || typeof key !== 'string' || key.length > mostKeyCharacters) return null;
  return { quota, key };
}

function isMessage(value: unknown): value is EnvoyMessage {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function countOf(value: unknown): number {
  const count = Number(value ?? 0);
  return Number.isSafeInteger(count) && count > 0 ? count : 0;
}

export function writeAssignments(assigned: readonly Assigned[]): Buffer {
  const bucket_action = assigned.flatMap(({ quota, key, assignment }) => {
    const bucket_id = { bucket: { [bucketFields.quota]: quota, [bucketFields.key]: key } };
    return actionsOf(assignment).map((action) => ({ bucket_id, ...action }));
  });
  return Buffer.from(encodeMessage(`${service}.RateLimitQuotaResponse`, { bucket_action }));
}

/** More than it takes: a bucket is named in each of two actions, and a character has at most three bytes. */
export function mostBytesOf({ quota, key }: Assigned): number {
  return 2 * (3 * (quota.length + key.length) + 100);
}

const refuse = assign({ blanket_rule: 'DENY_ALL' });

/** Of the same bucket, one after the other. */
function actionsOf(assignment: Assignment): readonly EnvoyMessage[] {
  switch (assignment.type) {
    case 'Forget':
      return [{ abandon_action: {} }];
    case 'Rate':
      return [rate(assignment)];
    case 'Allow':
      return [assign({ blanket_rule: 'ALLOW_ALL' })];
    case 'Tokens':
      // A bucket that takes the place of another one takes its level; after a refusal it is full.
      return assignment.tokens === 0 ? [refuse] : [refuse, tokens(assignment.tokens)];
  }
}

function tokens(max_tokens: number): EnvoyMessage {
  return assign({ token_bucket: { max_tokens, ...never } });
}

function rate({ burst, tokens: share, periodMs }: Extract<Assignment, { type: 'Rate' }>): EnvoyMessage {
  if (share === 0) return refuse;
  return assign({
    token_bucket: { max_tokens: burst, tokens_per_fill: share, fill_interval: duration(periodMs) },
  });
}

function assign(rate_limit_strategy: EnvoyMessage): EnvoyMessage {
  return {
    quota_assignment_action: { assignment_time_to_live: duration(ttlMs), rate_limit_strategy },
  };
}
