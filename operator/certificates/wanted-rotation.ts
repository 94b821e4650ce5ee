// What the Mesh says of the rotation of the root, and whether there is one. Entry: WantedRotation.
import type { AuthorityIr, CertificatesIr, RootRotationIr } from '../ir/mesh-ir.ts';
import { isSameValue } from '../values/same-value.ts';
import type { Authority } from './authority.ts';
import { isRotationDue, type RootFacts } from './rotation.ts';
import { type OwnWork, rotate, type RotatorPorts } from './rotator.ts';
import { rotationDueMs } from './schedule.ts';

export class WantedRotation {
  #wish: RootRotationIr | undefined;
  #authority: AuthorityIr | undefined;
  #isRotating = false;

  /** It is under way, or due, as far as is known since the last look. */
  get isRotating(): boolean {
    return this.#isRotating;
  }

  /** Whether something else is wanted than before, of the rotation or of the authority. */
  set({ rootRotation, authority }: CertificatesIr): boolean {
    const isOther = !isSameValue([rootRotation, authority], [this.#wish, this.#authority]);
    [this.#wish, this.#authority] = [rootRotation, authority];
    return isOther;
  }

  look({ rotating }: Authority, now: number): void {
    this.#isRotating =
      rotating.rotation !== null || (this.#wish !== undefined && isRotationDue(rotating, this.#wish, now));
  }

  /** When it will begin; undefined: it has begun, or nobody knows. */
  dueMs(facts: RootFacts | undefined, now: number): number | undefined {
    return this.#isRotating ? undefined : rotationDueMs(facts, this.#wish, now);
  }

  /** Resolves to whether anything changed. To be called by the leader only. */
  async takeStep(authority: Authority, own: OwnWork, ports: RotatorPorts): Promise<boolean> {
    return this.#wish !== undefined && this.#isRotating && rotate(authority, this.#wish, own, ports);
  }
}
