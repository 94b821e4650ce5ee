// By which way sidecars of other replicas are told of their shares: by which their latest reports came. Pure.

/** Who is silent for so long holds nothing, and is told nothing, in milliseconds. */
const silentMs = 60_000;

export class QuotaWays<Way> {
  /** The one that is silent for longest first. */
  readonly #bySidecar = new Map<string, { readonly way: Way; readonly heardMs: number }>();

  get size(): number {
    return this.#bySidecar.size;
  }

  heard(sidecar: string, way: Way, nowMs: number): void {
    this.#bySidecar.delete(sidecar);
    this.#bySidecar.set(sidecar, { way, heardMs: nowMs });
    for (const [other, { heardMs }] of this.#bySidecar) {
      if (nowMs - heardMs < silentMs) break;
      this.#bySidecar.delete(other);
    }
  }

  to(sidecar: string): Way | undefined {
    return this.#bySidecar.get(sidecar)?.way;
  }

  /** It has ended. */
  remove(way: Way): void {
    for (const [sidecar, one] of this.#bySidecar) if (one.way === way) this.#bySidecar.delete(sidecar);
  }

  clear(): void {
    this.#bySidecar.clear();
  }
}
