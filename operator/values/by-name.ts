// Values by namespace and name, without a text made of both for each of them. Entry: ByName.

interface Named {
  /** '' for what is in none. */
  readonly namespace: string;
  readonly name: string;
}

export class ByName<T> {
  readonly #namespaces = new Map<string, Map<string, T>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get({ namespace, name }: Named): T | undefined {
    return this.#namespaces.get(namespace)?.get(name);
  }

  set({ namespace, name }: Named, value: T): void {
    let values = this.#namespaces.get(namespace);
    if (values === undefined) this.#namespaces.set(namespace, (values = new Map()));
    if (!values.has(name)) this.#size += 1;
    values.set(name, value);
  }

  /** false if there was none. */
  delete({ namespace, name }: Named): boolean {
    const values = this.#namespaces.get(namespace);
    if (values?.delete(name) !== true) return false;
    this.#size -= 1;
    if (values.size === 0) this.#namespaces.delete(namespace);
    return true;
  }

  *values(): Generator<T, void, void> {
    for (const values of this.#namespaces.values()) yield* values.values();
  }

  *names(): Generator<Named, void, void> {
    for (const [namespace, values] of this.#namespaces)
      for (const name of values.keys()) yield { namespace, name };
  }
}
