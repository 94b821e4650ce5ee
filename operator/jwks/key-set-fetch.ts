// The port to where key sets are fetched from. fetch-key-set.ts implements it.
import type { KeySourceIr } from '../ir/key-source.ts';

/**
 * problem: full sentences that say nothing of what the server sent, since whoever writes policies reads them. detail: for the log; nothing
 * of the body either.
 */
export type FetchOutcome =
  | { readonly type: 'fetched'; readonly text: string }
  | { readonly type: 'failed'; readonly problem: string; readonly detail: string };

/** Never rejects. The signal ends it. */
export type KeySetFetch = (
  source: Pick<KeySourceIr, 'uri' | 'caBundle'>,
  signal: AbortSignal,
) => Promise<FetchOutcome>;
