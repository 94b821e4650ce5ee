// What a status is made from: the snapshot, the proxies, and the workloads that are missed. Statuses change when the grace of
// one that is out of reach ends, though nothing else does.
import type { Clock } from '../process/clock.ts';
import { type AbsentWorkload, absentWorkloads } from '../status/absent.ts';
import type { AggregateInput } from '../status/aggregate.ts';
import { untilNextOverdue } from '../status/grace.ts';
import type { Reads } from './part.ts';

type Cells = Reads<'resources' | 'translation' | 'snapshot' | 'proxies'>;

export class PresentAndMissing {
  readonly #cells: Cells;
  readonly #clock: Clock;
  #absent: readonly AbsentWorkload[] = [];
  #cancel: (() => void) | undefined;

  constructor(cells: Cells, clock: Clock) {
    this.#cells = cells;
    this.#clock = clock;
  }

  /** `onGraceEnd`: what was read has changed, by time alone. */
  read(now: Date, onGraceEnd: () => void): Pick<AggregateInput, 'snapshot' | 'proxies' | 'absent'> {
    const snapshot = this.#cells.snapshot.get();
    const proxies = this.#cells.proxies.get();
    const { workloads = [] } = this.#cells.translation.get().ir ?? {};
    const { pods = [] } = this.#cells.resources.get() ?? {};
    const seen = { workloads, pods, proxies, before: this.#absent, now };
    this.#absent = snapshot === null ? [] : absentWorkloads({ snapshot, ...seen });
    const ms = untilNextOverdue([...this.#absent, ...proxies.filter((it) => it.leftAtMs !== null)], now);
    this.#cancel?.();
    this.#cancel = ms === null ? undefined : this.#clock.after(ms, onGraceEnd);
    return { snapshot, proxies, absent: this.#absent };
  }

  /** It leads no longer, and waits for nothing: a timer would keep the process alive. */
  end(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#absent = [];
  }
}
