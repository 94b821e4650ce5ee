// Scene: how fast it is. Measured, and only held against a bound that no machine should miss.
import { median } from '../traffic/statistics.ts';
import { reviewsPolicy, withRetries } from './reviews-policy.ts';
import type { Scene } from './scene.ts';

const edits = 20;
const boundMs = 2000;

interface Outcome {
  readonly tookMs: readonly number[];
}

export const figures: Scene<Outcome> = {
  title: 'How long a change takes',
  explain: `The weights are edited ${edits} times. The clock runs from the write of the file until the status says that every sidecar has acknowledged it.`,

  async play(stage) {
    const { operator } = stage.parts;
    const tookMs: number[] = [];
    const before = await operator.convergence();
    for (let edit = 0; edit < edits; edit += 1) {
      // One after the other: the clock must not run for two at a time. The last edit leaves 90.
      // oxlint-disable-next-line no-await-in-loop
      const applied = await stage.applyQuietly(
        reviewsPolicy({ v1: edit % 2 === 0 ? 60 : 90, more: withRetries }),
      );
      tookMs.push(applied.tookMs);
    }
    const after = await operator.convergence();
    await stage.table();
    stage.screen.fact(
      `From the write to the status: median ${median(tookMs).toFixed(0)} ms, fastest ${Math.min(...tookMs).toFixed(0)} ms, slowest ${Math.max(...tookMs).toFixed(0)} ms.`,
    );
    const convergedMs = (after.sumMs - before.sumMs) / (after.count - before.count);
    stage.screen.fact(
      `Of that, from the publication to the last acknowledgement: ${convergedMs.toFixed(1)} ms on average (the operator's own metric). The rest is mostly waiting: for the file to be quiet, and between two writes of one status.`,
    );
    const memory = operator.residentMib();
    if (memory !== undefined) stage.screen.fact(`The operator's resident memory: ${memory} MiB.`);
    return { tookMs };
  },

  check: ({ tookMs }) => [
    {
      holds: tookMs.length === edits && median(tookMs) < boundMs,
      text: `${edits} edits reached every sidecar, in ${median(tookMs).toFixed(0)} ms each (median)`,
    },
  ],
};
