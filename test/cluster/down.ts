// `make cluster-down`: `node test/cluster/down.ts [--index N]` ends cluster N and removes all it has left, also when
// its supervisor was killed.
import { indexFromArguments, print, runMain } from './cli.ts';
import { claim, release, removeLeftovers } from './claim.ts';
import { layoutOf } from './layout.ts';
import { poll } from '../support/kubernetes/poll.ts';
import { readState } from './state.ts';

const stopDeadlineMs = 30_000;

async function down(): Promise<void> {
  const layout = layoutOf(indexFromArguments());
  const running = await readState(layout);
  if (running !== undefined) {
    process.kill(running.pid, 'SIGTERM');
    const gone = async (): Promise<true | undefined> =>
      (await readState(layout)) === undefined ? true : undefined;
    // The pipe that holds the cluster closes with its supervisor, however that ends.
    await poll(gone, { intervalMs: 100, deadlineMs: stopDeadlineMs }).catch(() =>
      process.kill(running.pid, 'SIGKILL'),
    );
  }
  // Fails if the cluster belongs to a running test.
  await claim(layout.index);
  await removeLeftovers(layout);
  await release(layout);
  print(running === undefined ? `Cluster ${layout.index} does not run.` : `Cluster ${layout.index} is gone.`);
}

await runMain(down);
