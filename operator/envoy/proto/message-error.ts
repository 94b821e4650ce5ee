// The one error of this room: what is wrong with a message, and where in it.

/** A message that cannot be encoded or decoded. `message` reads `field.path[0].name: what is wrong`. */
export class MessageError extends Error {
  override readonly name = 'MessageError';
  readonly problem: string;
  readonly path: string;

  constructor(problem: string, path = '') {
    super(path === '' ? problem : `${path}: ${problem}`);
    this.problem = problem;
    this.path = path;
  }

  /** The same error seen from the message that holds this one. */
  within(segment: string): MessageError {
    return new MessageError(this.problem, joinPath(segment, this.path));
  }
}

/** `a` and `b.c` give `a.b.c`; `a` and `[0].c` give `a[0].c`. */
export function joinPath(segment: string, rest: string): string {
  if (rest === '' || segment === '') return segment + rest;
  return rest.startsWith('[') ? segment + rest : `${segment}.${rest}`;
}

/** Gives an error thrown inside a message its place in the outer one; other errors pass as they are. */
export function located(error: unknown, segment: string): unknown {
  return error instanceof MessageError ? error.within(segment) : error;
}

/** What a value is, for error messages; long ones are cut. */
export function describeValue(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  const text = JSON.stringify(value) ?? typeof value;
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
