// Scene: what the mesh does with a call is asked before the call is made.
import { execFile } from 'node:child_process';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { projectPath } from '../process/children.ts';
import type { Scene } from './scene.ts';
import type { Stage } from './stage.ts';

const group = { 'x-group': 'testers' };
const question = ['--from', 'shop/visitor', '--to', 'reviews:9080', 'GET', '/', '-H', 'x-group: testers'];
const run = promisify(execFile);

interface Outcome {
  /** Lines of the answer. */
  readonly said: readonly string[];
  /** Version that answered each of some calls. */
  readonly answered: readonly string[];
}

export const explain: Scene<Outcome> = {
  title: 'Why does a call go where it goes?',
  explain:
    'explain reads the YAML of the mesh, computes the configuration of the sidecar of the caller as the operator does, and follows a call through it as Envoy does. Each part of the answer names the field that is responsible. No call is made.',

  async play(stage) {
    stage.screen.example(`meshwright explain --files mesh/ ${question.map(quoted).join(' ')}`);
    const said = await answerOf(stage);
    stage.screen.table(said);
    const replies = await stage.visitMany(12, 'reviews', group);
    const answered = [...new Set(replies.map(({ answer }) => answer?.version ?? 'nobody'))];
    stage.screen.fact(`12 such calls were answered by ${answered.join(', ')}`);
    return { said, answered };
  },

  check: ({ said, answered }) => [
    {
      holds: said.some((line) =>
        /Route +testers +\[TrafficPolicy shop\/reviews, spec\.routes\[0\]\]/.test(line),
      ),
      text: 'the answer names the route, the policy and the field',
    },
    {
      holds: said.some((line) => /Backend .*subset v3/.test(line)) && answered.join() === 'v3',
      text: 'the calls go where the answer says: to v3',
    },
  ],
};

async function answerOf({ parts }: Stage): Promise<readonly string[]> {
  const folder = dirname(parts.policies.path({ kind: 'TrafficPolicy', namespace: 'shop', name: 'reviews' }));
  const program = [projectPath('operator/explain.ts'), '--files', folder, ...question];
  const { stdout } = await run(process.execPath, program, { signal: parts.signal });
  return stdout.trimEnd().split('\n');
}

function quoted(word: string): string {
  return word.includes(' ') ? `'${word}'` : word;
}
