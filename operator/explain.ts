// `meshwright explain`: what the mesh does with a call, and why. Reads a cluster or manifests; writes nothing.
import { readFile } from 'node:fs/promises';
import { explainerOf, type Explainer } from './explain/answer.ts';
import { type CommandLine, explainHelp, parseCalls, parseCommandLine } from './explain/command-line.ts';
import type { Question } from './explain/question.ts';
import { reportAnswers, reportChanges } from './explain/report.ts';
import { systemClock } from './process/clock.ts';
import type { StoredObject } from './objects/objects.ts';
import { imaginedFrom, lookAtCluster, manifestsAt } from './wiring/one-look.ts';

/** As in diff(1): 0 and 1 are answers. */
const misused = 2;

async function main(args: readonly string[]): Promise<void> {
  const command = parseCommandLine(args);
  if (command.help) {
    process.stdout.write(explainHelp);
    return;
  }
  const questions = await questionsOf(command);
  const { now, later } = await explainers(command);
  const { text, exitCode } =
    later === null
      ? reportAnswers(questions, now.explain, command.output)
      : reportChanges(questions, [now.explain, later.explain], command.output);
  for (const warning of (later ?? now).warnings) process.stderr.write(`Warning: ${warning}\n`);
  process.stdout.write(text);
  process.exitCode = exitCode;
}

async function questionsOf({ question, calls }: CommandLine): Promise<readonly Question[]> {
  if (question !== null) return [question];
  if (calls === null) return [];
  return parseCalls(await readFile(calls, 'utf8'));
}

interface Explainers {
  readonly now: Explainer;
  /** With what is to be applied; null: nothing is. */
  readonly later: Explainer | null;
}

async function explainers({ files, diff, ...cluster }: CommandLine): Promise<Explainers> {
  const applied = diff === null ? null : await manifestsAt(diff);
  if (files === null) {
    const look = await lookAtCluster(cluster);
    return {
      now: explainerOf(await look(), systemClock.now()),
      later: applied && explainerOf(await look(applied), systemClock.now()),
    };
  }
  const base = await manifestsAt(files);
  return { now: await imagined(base), later: applied && (await imagined([...base, ...applied])) };
}

async function imagined(objects: readonly StoredObject[]): Promise<Explainer> {
  return explainerOf(await imaginedFrom(objects), systemClock.now());
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = misused;
});
