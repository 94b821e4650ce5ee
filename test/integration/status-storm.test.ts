// A storm over a small mesh of real Envoys: they are frozen, cut off, stalled and restarted, the operator is killed, policies are
// made, changed, moved between targets, refused by Envoy and deleted. The oracle knows only statuses, configuration dumps and
// real requests: whenever a status says Programmed=True at a generation, every Envoy runs that one and nothing of an earlier one.
// STORM_SEED=<number> plays another storm, STORM_SECONDS=<number> a longer one.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { Closing } from '../support/data-plane/closing.ts';
import { type Step, Storm } from '../support/status-storm/storm.ts';

// oxlint-disable node/no-process-env -- the two settings of this test; CI does not set them
const seed = Number(process.env['STORM_SEED'] ?? 20_261_128);
const seconds = Number(process.env['STORM_SECONDS'] ?? 45);
// oxlint-enable node/no-process-env

const closing = new Closing();
let storm: Storm;

beforeAll(async () => {
  process.stderr.write(`status storm: STORM_SEED=${seed} STORM_SECONDS=${seconds}\n`);
  const root = await mkdtemp(join(tmpdir(), 'meshwright-storm-'));
  closing.add(() => rm(root, { recursive: true, force: true }));
  storm = await Storm.start(root, closing);
});
afterAll(() => closing.close());

const step: fc.Arbitrary<Step> = fc.record({
  what: fc.nat(99),
  policy: fc.nat(),
  target: fc.nat(),
  proxy: fc.nat(),
  pauseMs: fc.nat(200),
});

test(
  'no status is True before every Envoy runs this generation, and nothing of an earlier one',
  async () => {
    const steps = fc.sample(fc.noBias(step), { numRuns: seconds * 20, seed });
    const endMs = performance.now() + seconds * 1000;
    // On a slow machine it takes longer until there was enough to look at.
    const isOver = (): boolean => performance.now() > endMs && storm.counts.claims > 20;
    for (const next of steps) {
      if (isOver() || storm.violations.length > 0) break;
      // oxlint-disable-next-line no-await-in-loop -- one after the other is what this is about
      await storm.play(next);
    }
    await storm.calm();
    process.stderr.write(`status storm: ${JSON.stringify(storm.counts)}\n`);

    expect(storm.violations).toEqual([]);
    // It said True often enough to be wrong, and refusals, too.
    expect(storm.counts.claims).toBeGreaterThan(10);
    expect(storm.counts.requests).toBeGreaterThan(5);
  },
  (seconds + 200) * 1000,
);
