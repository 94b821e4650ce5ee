// `make cluster-down`: `node test/cluster/down.ts [--index N]` ends cluster N and removes all it has left, also when
// its supervisor was killed.
import { indexFromArguments, print, runMain } from './cli.ts';
import { claim, release, removeLeftovers } from './claim.ts';
import { type Layout, layoutOf } from './layout.ts';
import { poll } from '../support/kubernetes/poll.ts';
import { readState } from './state.ts';

const stopDeadlineMs = 30_000;

async function down(): Promise<void> {
  const layout = layoutOf(indexFromArguments());
  const running = await readState(layout);
  if (running === undefined) {
    // Refused if the cluster belongs to a running test.
    await claim(layout.index);
  } else {
    await end(layout, running.pid);
  }
  await removeLeftovers(layout);
  await release(layout);
  print(running === undefined ? `Cluster ${layout.index} does not run.` : `Cluster ${layout.index} is gone.`);
}

/** Ends the supervisor and takes its claim. */
async function end(layout: Layout, pid: number): Promise<void> {
  const take = async (): Promise<Layout | undefined> => await claim(layout.index).catch(() => undefined);
  process.kill(pid, 'SIGTERM');
  try {
    await poll(take, { intervalMs: 100, deadlineMs: stopDeadlineMs });
  } catch {
    // The pipe that holds the cluster closes with its supervisor, however that ends.
    process.kill(pid, 'SIGKILL');
    await poll(take, { intervalMs: 100, deadlineMs: stopDeadlineMs });
  }
}

await runMain(down);
