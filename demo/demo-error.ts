// What goes wrong for a reason the user can act on: one clear sentence, printed without a stack trace.

export class DemoError extends Error {
  override readonly name = 'DemoError';
}

/** The sentence of a DemoError; the whole stack of anything else, for that is a fault of the demo itself. */
export function explainError(error: unknown): string {
  if (error instanceof DemoError) return error.message;
  if (error instanceof Error)
    return `The demo failed in a way it should not: ${error.stack ?? error.message}`;
  return `The demo failed in a way it should not: ${String(error)}`;
}
