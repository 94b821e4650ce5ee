// The way to one provider.
import type { Outcome } from './outbox.ts';
import type { Signal } from './signals.ts';

export interface Sender {
  /** Signals of one type. As Send. */
  readonly send: (type: Signal['type'], signals: readonly Signal[]) => Promise<Outcome>;
  /** Ends its connection. */
  readonly close: () => void;
}
