// How a provider of telemetry takes what it is sent.

export interface ProviderReport {
  readonly name: string;
  /** Null: it took what it was sent last, or was sent nothing. sinceMs: since 1970. */
  readonly trouble: { readonly reason: string; readonly sinceMs: number } | null;
  /** Records, spans and counts that were dropped since the trouble began. */
  readonly dropped: number;
}
