// The latest generation of each object that all proxies once obeyed: from then on nobody runs an earlier one, whatever else
// is not known of them. Entry: ProvenGenerations.
import { conditionType } from '../conditions/conditions.ts';
import type { ObjectStatus } from '../ports/platform.ts';
import { refKey } from '../objects/objects.ts';
import type { StatusUpdate } from './object-status.ts';

export class ProvenGenerations {
  readonly #byObject = new Map<string, number>();

  /** Statuses as they are written or were found: those that are True prove their generation. */
  note(statuses: Iterable<readonly [key: string, status: ObjectStatus]>): void {
    for (const [key, { conditions, proxies }] of statuses) {
      const programmed = conditions.find(({ type }) => type === conditionType.programmed);
      // True despite proxies that have been out of reach for long proves nothing of these.
      const isByAll =
        proxies !== undefined && 'programmed' in proxies && proxies.programmed === proxies.total;
      if (programmed?.status === 'True' && isByAll) this.#byObject.set(key, programmed.observedGeneration);
    }
  }

  /** These are all objects there are, with the statuses that they are to have. */
  update(updates: readonly StatusUpdate[]): void {
    const present = new Map(updates.map(({ ref, status }) => [refKey(ref), status]));
    for (const key of this.#byObject.keys()) if (!present.has(key)) this.#byObject.delete(key);
    this.note(present);
  }

  /** By refKey. */
  all(): ReadonlyMap<string, number> {
    return this.#byObject;
  }
}
