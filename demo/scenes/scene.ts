// What a scene is: something it does to the running mesh, and what must hold of what came out of it.
import type { Stage } from './stage.ts';

export interface Check {
  readonly holds: boolean;
  /** What is true if it holds: a sentence with the measured figures. */
  readonly text: string;
}

export interface Scene<Outcome = unknown> {
  readonly title: string;
  /** Two or three sentences before the curtain. */
  readonly explain: string;
  /** Edits files, waits for statuses, sends requests, shows what happens. */
  play(stage: Stage): Promise<Outcome>;
  /** Judges the outcome. Pure. */
  check(outcome: Outcome): readonly Check[];
}
