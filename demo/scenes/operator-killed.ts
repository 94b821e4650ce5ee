// Scene: the operator dies and comes back, and no sidecar is any the wiser.
import { changeCounters, type Counters } from '../mesh/sidecar.ts';
import { conditionOf, type Status } from '../mesh/statuses.ts';
import { waitFor } from '../process/wait.ts';
import { formatTable } from '../screen/table.ts';
import { describeOutcome, failureCount, type Outcome as Traffic } from '../traffic/steady.ts';
import { reviewsPolicy, withRetries } from './reviews-policy.ts';
import type { Scene } from './scene.ts';
import type { Stage } from './stage.ts';

const callsWithoutOperator = 200;

interface Outcome {
  readonly traffic: Traffic;
  readonly before: ReadonlyMap<string, Counters>;
  readonly after: ReadonlyMap<string, Counters>;
  readonly edited: Status;
}

export const operatorKilled: Scene<Outcome> = {
  title: 'The operator is killed',
  explain:
    'kill -9. The sidecars keep what they have and traffic goes on. Started again, the operator makes the same configuration, with the same versions: no sidecar changes a listener or a cluster, as its own counters tell.',

  async play(stage) {
    const { operator, signal } = stage.parts;
    const before = await countersOf(stage);
    const traffic = stage.startTraffic();
    await operator.kill();
    stage.screen.fact(`The operator (process ${operator.pid}) is killed.`);
    const sentUntil = traffic.sent + callsWithoutOperator;
    const withoutOperator = {
      what: `${callsWithoutOperator} calls without the operator`,
      deadlineMs: 20_000,
      signal,
    };
    await waitFor(() => (traffic.sent >= sentUntil ? true : undefined), withoutOperator);
    await operator.start(signal);
    const start = performance.now();
    await operator.connected(stage.parts.sidecars.size, signal);
    stage.screen.fact(
      `Started again (process ${operator.pid}); all sidecars were back after ${((performance.now() - start) / 1000).toFixed(1)} s. It is obeyed:`,
    );
    const edited = await stage.apply(reviewsPolicy({ v1: 90, more: withRetries }));
    const after = await countersOf(stage);
    const outcome = await traffic.stop();
    stage.screen.fact(`From before the kill until now ${describeOutcome(outcome)}.`);
    stage.screen.table(countersTable(before, after));
    return { traffic: outcome, before, after, edited: edited.status };
  },

  check: ({ traffic, before, after, edited }) => [
    {
      holds: failureCount(traffic) === 0 && traffic.sent > callsWithoutOperator,
      text: `traffic went on: ${describeOutcome(traffic)}`,
    },
    {
      holds: changed(before, after).length === 0,
      text: `no listener and no cluster of any sidecar changed${changed(before, after)
        .map((it) => `; ${it}`)
        .join('')}`,
    },
    {
      holds:
        conditionOf(edited, 'Programmed')?.status === 'True' && edited.proxies?.programmed === after.size,
      text: `the new operator reaches all ${after.size} sidecars`,
    },
  ],
};

async function countersOf(stage: Stage): Promise<ReadonlyMap<string, Counters>> {
  const entries = [...stage.parts.sidecars].map(
    async ([name, sidecar]) => [name, await sidecar.counters(changeCounters)] as const,
  );
  return new Map(await Promise.all(entries));
}

/** `ratings-v1 listener_manager.listener_modified 0 → 1` */
export function changed(
  before: ReadonlyMap<string, Counters>,
  after: ReadonlyMap<string, Counters>,
): string[] {
  return [...after].flatMap(([sidecar, counters]) =>
    changeCounters
      .filter((counter) => counters[counter] !== before.get(sidecar)?.[counter])
      .map((counter) => `${sidecar} ${counter} ${before.get(sidecar)?.[counter]} → ${counters[counter]}`),
  );
}

/** Added/changed/removed, before and after. */
function countersTable(
  before: ReadonlyMap<string, Counters>,
  after: ReadonlyMap<string, Counters>,
): string[] {
  const rows = [...after].map(([sidecar, counters]) =>
    [sidecar].concat(
      ['listener', 'cluster'].map((kind) => {
        const then = sums(before.get(sidecar) ?? {}, kind);
        return `${then} → ${sums(counters, kind)}`;
      }),
    ),
  );
  return formatTable(['SIDECAR', 'LISTENERS +/~/-', 'CLUSTERS +/~/-'], rows);
}

function sums(counters: Counters, kind: string): string {
  const count = (event: string): number => counters[`${kind}_manager.${kind}_${event}`] ?? 0;
  return `${count('added')}/${count('modified') + count('in_place_updated')}/${count('removed')}`;
}
