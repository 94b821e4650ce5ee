// Which labels of the metrics of traffic are folded: for the condition MetricsWithinBudget of the Mesh.

export interface MetricsReport {
  readonly maxSeries: number;
  /** Names of labels that are `other` in all series, sorted; empty: none. */
  readonly folded: readonly string[];
}

export const nothingFolded: MetricsReport = { maxSeries: 0, folded: [] };
