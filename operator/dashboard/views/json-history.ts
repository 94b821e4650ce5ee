// What the page of the history is told, as JSON, beside json.ts.

/** What Prometheus has of a node or of the whole mesh. */
export interface HistoryView {
  /** ISO 8601: the first point, and the last. */
  readonly from: string;
  readonly to: string;
  /** Seconds from one point to the next. */
  readonly step: number;
  /** Each point is the average of so many seconds before it. */
  readonly window: number;
  /** Why something is missing, in full sentences; null: nothing is. */
  readonly problem: string | null;
  /** Empty: Prometheus has nothing. */
  readonly points: readonly HistoryPoint[];
}

/** null: it was not counted. */
export interface HistoryPoint {
  /** ISO 8601. */
  readonly at: string;
  /** Per second. */
  readonly requests: number | null;
  /** Share of requests, 0 to 1, with 5xx or without an answer; null also without requests. */
  readonly failures: number | null;
  /** Milliseconds. */
  readonly p50: number | null;
  readonly p99: number | null;
  /** Of TCP, per second. */
  readonly connections: number | null;
}
