// A random client against random publications: at rest it runs exactly what we say it runs, and on the way nothing
// breaks. Seeded; a failure prints its seed and the shortest trace that still fails. `MESHWRIGHT_SEED=n` plays one again.
import { expect, test } from '@jest/globals';
import { Broken, play, type Step, type Variant } from '../support/xds-trial.ts';
import { describeStep, randomSteps, shrink, shrinkWorlds } from '../support/xds-steps.ts';
import { tries } from '../support/runs.ts';

const lives = tries(150);
const stepsOfLife = 40;

/** The rule that the steps break; null if none. */
function broken(variant: Variant, steps: readonly Step[]): string | null {
  try {
    play(variant, steps);
    return null;
  } catch (error) {
    if (error instanceof Broken) return error.message;
    throw error;
  }
}

function ruleOf(message: string | null): string | undefined {
  return message?.split(':')[0];
}

/** The first seed that goes wrong, and how, as briefly as possible; null if none does. */
function firstFailure(variant: Variant, seeds: readonly number[]): string | null {
  for (const seed of seeds) {
    const steps = randomSteps(variant, seed, stepsOfLife);
    const message = broken(variant, steps);
    if (message === null) continue;
    const rule = ruleOf(message);
    const stillFails = (some: readonly Step[]): boolean => ruleOf(broken(variant, some)) === rule;
    const short = shrinkWorlds(shrink(steps, stillFails), stillFails);
    return [`seed ${seed}: ${broken(variant, short)}`, ...short.map(describeStep)].join('\n');
  }
  return null;
}

test.each(['delta', 'sotw'] as const)('%s: no life of a client breaks a rule', (variant) => {
  const only = process.env['MESHWRIGHT_SEED'];
  const seeds = only === undefined ? Array.from({ length: lives }, (_, index) => index + 1) : [Number(only)];

  expect(firstFailure(variant, seeds)).toBeNull();
});

test('a trace that fails is shortened to the steps that matter', () => {
  const steps = randomSteps('delta', 7, 60);
  const matters = (some: readonly Step[]): boolean =>
    some.includes(steps[13] as Step) && some.includes(steps[41] as Step);

  expect(shrink(steps, matters)).toEqual([steps[13], steps[41]]);
});
