// A value that must not be printed: logs, JSON, goldens and /debug show `[redacted]` in its place.
import { inspect } from 'node:util';

const shown = '[redacted]';

/** Wraps a secret. The only way to the value is `reveal`, so that a search for it finds every use. */
export class Redacted<T> {
  readonly #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  reveal(): T {
    return this.#value;
  }

  toJSON(): string {
    return shown;
  }

  toString(): string {
    return shown;
  }

  [inspect.custom](): string {
    return shown;
  }
}
