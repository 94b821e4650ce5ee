// Values that flow between the parts of a process: written by one part, read by others. Synchronous: when a write returns,
// all subscribers have run, in the order in which they subscribed. Nothing else connects the parts.

export interface Readable<T> {
  readonly get: () => T;
  /** Runs after each write, for ever. It reads the value by `get`, so that nobody acts on an older one after a newer. */
  readonly subscribe: (listener: () => void) => void;
}

/** A value that is there. */
export interface Cell<T> extends Readable<T> {
  readonly set: (value: T) => void;
}

/** A value that is worked out each time it is read: for what costs much and is read less often than it changes. */
export interface LazyCell<T> extends Readable<T> {
  readonly define: (compute: () => T) => void;
  /** The next `get` may say something new. */
  readonly changed: () => void;
}

export function createCell<T>(initial: T): Cell<T> {
  let value = initial;
  const listeners = createListeners();
  return {
    get: () => value,
    set: (next) => {
      value = next;
      listeners.run();
    },
    subscribe: listeners.add,
  };
}

/** `initial` is its value until it is defined. */
export function createLazyCell<T>(initial: T): LazyCell<T> {
  let get = (): T => initial;
  const listeners = createListeners();
  return {
    get: () => get(),
    define: (compute) => {
      get = compute;
    },
    changed: listeners.run,
    subscribe: listeners.add,
  };
}

function createListeners(): { readonly add: (listener: () => void) => void; readonly run: () => void } {
  const all: (() => void)[] = [];
  return {
    add: (listener) => void all.push(listener),
    run: () => {
      for (const listener of all) listener();
    },
  };
}
