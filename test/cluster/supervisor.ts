// The process that a cluster of `make cluster` lives as long as. It is started by up.ts, tells it about the start
// through the channel of a forked process, and ends the cluster on SIGTERM.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { indexFromArguments, isNewestFromArguments, messageOf } from './cli.ts';
import { startCluster } from './cluster.ts';
import { layoutOf } from './layout.ts';
import { releasedImages } from './operator-image.ts';
import { envoyImage, iptablesImage, nodeImage } from './standard-images.ts';
import { writeState } from './state.ts';

/** What up.ts gets to hear: lines, and at last one of `ready` and `failed`. */
export type SupervisorMessage =
  | { readonly kind: 'line'; readonly line: string }
  | { readonly kind: 'ready'; readonly kubeconfig: string }
  | { readonly kind: 'failed'; readonly message: string };

/** up.ts may be gone: then nobody listens, and it does not matter. */
function tell(message: SupervisorMessage): void {
  if (process.connected) process.send?.(message, () => undefined);
}

const index = indexFromArguments();
const folder = mkdtempSync(join(tmpdir(), 'meshwright-images-'));
const abort = new AbortController();
const starting = startCluster({
  index,
  isNewest: isNewestFromArguments(),
  images: [nodeImage(), envoyImage(), iptablesImage(), ...releasedImages(folder)],
  log: (line) => tell({ kind: 'line', line }),
  signal: abort.signal,
});

const stop = (): void => {
  abort.abort(new Error('The start was broken off by a signal.'));
  starting
    .then((cluster) => cluster.stop())
    .catch(() => undefined)
    .finally(() => process.exit());
};
process.on('SIGTERM', stop);
process.on('SIGINT', stop);

try {
  const { kubeconfigPath } = await starting.finally(() => rmSync(folder, { recursive: true }));
  await writeState(layoutOf(index), { pid: process.pid, kubeconfig: kubeconfigPath });
  tell({ kind: 'ready', kubeconfig: kubeconfigPath });
} catch (error) {
  tell({ kind: 'failed', message: messageOf(error) });
  process.exitCode = 1;
}
if (process.connected) process.disconnect();
