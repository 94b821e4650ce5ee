// The port to where key sets are fetched from. fetch-key-set.ts implements it.
import type { KeyReport } from '../conditions/key-report.ts';
import type { KeySourceIr } from '../ir/key-source.ts';
import type { LoginEndpointsIr } from '../ir/login-endpoints.ts';

/**
 * problem: full sentences that say nothing of what the server sent, since whoever writes policies reads them. detail: for the log; nothing
 * of the body either.
 */
export type FetchOutcome =
  | {
      readonly type: 'fetched';
      readonly from?: KeyReport['from'];
      readonly text: string;
      /** Absent or null: there is no discovery document, or it does not name them. */
      readonly endpoints?: LoginEndpointsIr | null;
    }
  | {
      readonly type: 'failed';
      /** What could not be fetched or read. Default: uri. */
      readonly from?: KeyReport['from'];
      readonly problem: string;
      readonly detail: string;
    };

/** Never rejects. The signal ends it. */
export type KeySetFetch = (
  source: Pick<KeySourceIr, 'uri' | 'caBundle' | 'issuer'>,
  signal: AbortSignal,
) => Promise<FetchOutcome>;

/** What is at the URI. Never rejects. The signal ends it. */
export type TextFetch = (
  source: Pick<KeySourceIr, 'uri' | 'caBundle'>,
  signal: AbortSignal,
) => Promise<FetchOutcome>;
