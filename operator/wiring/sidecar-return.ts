// After an operator has begun to lead, the sidecars come back, or other operators report them, one by one. Until all are
// there, or a moment has passed, the statuses of before stay, so that mostly nobody sees them change. From then on those that
// are not there are out of reach.
import type { Clock } from '../process/clock.ts';
import type { Reads } from './part.ts';

/** A status is never older than that. */
const returnMs = 1000;

type Cells = Reads<'translation' | 'snapshot' | 'connectedWorkloads' | 'certificates'>;
type State = 'following' | 'waiting' | 'over';

export class SidecarReturn {
  readonly #cells: Cells;
  readonly #clock: Clock;
  #state: State = 'following';
  #onTimeout: () => void = () => undefined;
  #cancel: (() => void) | undefined;

  constructor(cells: Cells, clock: Clock) {
    this.#cells = cells;
    this.#clock = clock;
  }

  /** It leads now. `onTimeout`: it has waited long enough. */
  begin(onTimeout: () => void): void {
    if (this.#state !== 'following') return;
    this.#state = 'waiting';
    this.#onTimeout = onTimeout;
  }

  isLeading(): boolean {
    return this.#state !== 'following';
  }

  /** Whether statuses may be written: never while it does not lead. */
  isDone(): boolean {
    if (this.#state !== 'waiting') return this.#state === 'over';
    const { translation, snapshot, connectedWorkloads, certificates } = this.#cells;
    const { ir } = translation.get();
    // Without a Mesh nothing is published, and users are to know at once.
    if (ir === null) return true;
    this.#cancel ??= this.#clock.after(returnMs, () => {
      this.#state = 'over';
      this.#onTimeout();
    });
    // Without certificates nothing is published either. Once it is known why, that is to be said, too: at once if no sidecar
    // can come.
    const published = snapshot.get();
    if (published === null && certificates.get().problems.length === 0) return false;
    const awaited = published?.views.keys() ?? ir.workloads.map(({ key }) => key);
    const present = connectedWorkloads.get();
    if (!Array.from(awaited).every((workload) => present.has(workload))) return false;
    this.#cancel();
    this.#state = 'over';
    return true;
  }

  /** It leads no longer, and waits for nothing: a timer would keep the process alive. */
  end(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#state = 'following';
  }
}
