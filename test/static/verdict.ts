// How a static check by somebody else's program ended, and whether that program is there.

/** A check that could not run is none that passed. */
export type Verdict = 'passed' | 'failed' | 'not run';

/** Says so loudly. `remedy` is a sentence for the person who runs the tests. */
export function notRun(what: string, remedy: string): Verdict {
  print(`NOT RUN: ${what}. ${remedy}`);
  return 'not run';
}

export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
