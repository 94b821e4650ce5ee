// An abort signal that also follows another one, until it is let go. AbortSignal.any would do, were it not for the
// signal of the process: it lives as long as the operator, and would gather a dependant with each request.

export interface LinkedAbort {
  readonly signal: AbortSignal;
  abort(): void;
  /** Follow the other signal no longer. */
  unlink(): void;
}

export function linkAbort(parent?: AbortSignal): LinkedAbort {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  if (parent?.aborted === true) abort();
  parent?.addEventListener('abort', abort);
  return { signal: controller.signal, abort, unlink: () => parent?.removeEventListener('abort', abort) };
}
