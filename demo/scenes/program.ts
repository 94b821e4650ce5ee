// The scenes in their order; each may build on the policies that the ones before it left in place.
import { ejection } from './ejection.ts';
import { explain } from './explain.ts';
import { fault } from './fault.ts';
import { figures } from './figures.ts';
import { invalid } from './invalid.ts';
import { mutualTls } from './mutual-tls.ts';
import { operatorKilled } from './operator-killed.ts';
import { refusal } from './refusal.ts';
import { rejected } from './rejected.ts';
import type { Scene } from './scene.ts';
import { split } from './split.ts';
import type { Stage } from './stage.ts';

const program: readonly Scene[] = [
  mutualTls,
  split, // leaves the policy of reviews
  fault, // adds retries to it
  ejection, // puts the policy of reviews back
  explain,
  refusal, // leaves the policy of ratings
  invalid,
  rejected,
  operatorKilled,
  figures,
];

/** Plays all scenes; the texts of the checks that failed. */
export async function playAll(stage: Stage): Promise<string[]> {
  const failed: string[] = [];
  for (const [at, scene] of program.entries()) {
    // One after the other is the point.
    // oxlint-disable-next-line no-await-in-loop
    failed.push(...(await playScene(stage, scene, `${at + 1}/${program.length} ${scene.title}`)));
  }
  return failed;
}

async function playScene(stage: Stage, scene: Scene, heading: string): Promise<string[]> {
  stage.screen.heading(heading);
  stage.screen.paragraph(scene.explain);
  stage.screen.blank();
  const checks = scene.check(await scene.play(stage));
  for (const { holds, text } of checks) stage.screen.check(holds, text);
  return checks.filter(({ holds }) => !holds).map(({ text }) => `${scene.title}: ${text}`);
}
