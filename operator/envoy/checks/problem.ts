// What a check finds: a place in a message, and what is wrong there.

export interface Problem {
  /** From the message that was checked; empty for that message itself. */
  readonly path: string;
  /** Continues `path: `, for example `must be set`. */
  readonly text: string;
}
