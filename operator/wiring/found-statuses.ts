// The statuses that an operator finds when it begins to lead: what they prove holds on, and conditions that do not change keep
// their times.
import type { Verdict } from '../conditions/conditions.ts';
import { refOfOrigin } from '../status/aggregate.ts';
import { ProvenGenerations } from '../status/proven.ts';
import type { StatusWriter } from '../status/writer.ts';

export class FoundStatuses {
  proven = new ProvenGenerations();
  readonly #writer: Pick<StatusWriter, 'prime' | 'latest'>;
  #state: 'unread' | 'reading' | 'read' = 'unread';

  constructor(writer: Pick<StatusWriter, 'prime' | 'latest'>) {
    this.#writer = writer;
  }

  /**
   * Whether the statuses of these objects were read. If nobody has, it begins, and calls `onRead` when they are. Of objects
   * that come later nothing is found.
   */
  areRead(verdicts: readonly Verdict[], onRead: () => void): boolean {
    if (verdicts.length === 0) return true;
    if (this.#state === 'unread') {
      this.#state = 'reading';
      void this.#read(verdicts, onRead);
    }
    return this.#state === 'read';
  }

  /** It leads no longer: another operator writes. */
  end(): void {
    this.#state = 'unread';
    this.proven = new ProvenGenerations();
  }

  async #read(verdicts: readonly Verdict[], onRead: () => void): Promise<void> {
    const { proven } = this;
    await this.#writer.prime(verdicts.map(({ origin }) => refOfOrigin(origin)));
    // Another term has begun meanwhile, or none.
    if (proven !== this.proven) return;
    proven.note(this.#writer.latest());
    this.#state = 'read';
    onRead();
  }
}
