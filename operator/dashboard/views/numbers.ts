// Counts of sidecars put together, and what people read of them: rates, success, percentiles. Pure.
import type { Edge } from '../../telemetry/edges.ts';
import { isPlaintext } from '../../telemetry/point.ts';
import { durationBounds } from '../../values/sidecar-names.ts';
import type { Numbers } from './json.ts';

/** What was counted, to be added up. */
export class Counts {
  #requests = 0;
  #failed = 0;
  #connections = 0;
  #bytes = 0;
  #mutual = 0;
  /** Of the connections: whether over mutual TLS nobody says. */
  #outside = 0;
  readonly #durations: number[] = [];

  add({ source, requests, connections, receivedBytes, sentBytes, durations }: Edge): void {
    const all = sumOf(Object.values(requests));
    this.#requests += all;
    this.#failed += failedOf(requests);
    this.#connections += connections;
    this.#bytes += receivedBytes + sentBytes;
    if (!isPlaintext(source)) this.#mutual += all + connections;
    for (const [at, count] of (durations ?? []).entries())
      this.#durations[at] = (this.#durations[at] ?? 0) + count;
  }

  /** Of calls to hosts outside, of which nothing else is known. */
  addCalls(calls: number): void {
    this.#connections += calls;
    this.#outside += calls;
  }

  numbers(seconds: number): Numbers {
    const calls = this.#requests + this.#connections - this.#outside;
    return {
      requests: perSecond(this.#requests, seconds),
      success: this.#requests === 0 ? null : 1 - this.#failed / this.#requests,
      p50: quantileMs(this.#durations, 0.5),
      p99: quantileMs(this.#durations, 0.99),
      connections: perSecond(this.#connections, seconds),
      bytes: perSecond(this.#bytes, seconds),
      mtls: calls === 0 ? null : this.#mutual / calls,
    };
  }
}

/** With 5xx, or without an answer. */
function failedOf(requests: Edge['requests']): number {
  return (requests['5xx'] ?? 0) + (requests['0'] ?? 0);
}

function perSecond(count: number, seconds: number): number {
  return seconds === 0 ? 0 : count / seconds;
}

function sumOf(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

/**
 * As histogram_quantile of Prometheus: linear within a bucket; the last bound for what took longer. null: nothing was measured.
 * @see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile
 */
export function quantileMs(buckets: readonly number[], quantile: number): number | null {
  const all = sumOf(buckets);
  if (all === 0) return null;
  let rank = quantile * all;
  for (const [at, bound] of durationBounds.entries()) {
    const count = buckets[at] ?? 0;
    const before = durationBounds[at - 1] ?? 0;
    if (count > 0 && rank <= count) return before + ((bound - before) * rank) / count;
    rank -= count;
  }
  return durationBounds.at(-1) ?? null;
}
