// Why ports are not Strict yet that are to be: for the condition Programmed of those who want it.
import type { Origin } from '../ir/origin.ts';

/** Of a port. */
export interface StrictReport {
  /** `Port 9080 of Deployment shop/reviews` */
  readonly place: string;
  /** Who want it to be Strict. */
  readonly decidedBy: readonly Origin[];
  readonly waiting: StrictWaiting;
}

export interface StrictWaiting {
  /** In plaintext in the last hour: the last one first. */
  readonly callers: readonly StrictCaller[];
  /** Keys of workloads whose sidecars do not report. */
  readonly silent: readonly string[];
  /** It is Strict after so long without plaintext. */
  readonly neededMs: number;
  /** Since when there was none, in ms since 1970. */
  readonly quietSinceMs: number;
  /** It was Strict, and these called: so it accepts plaintext again. Empty: it was not. */
  readonly refused: readonly StrictCaller[];
}

export interface StrictCaller {
  /** `Pod shop/legacy-1 (10.0.0.7)` */
  readonly name: string;
  readonly count: number;
  /** In ms since 1970. */
  readonly lastMs: number;
}
