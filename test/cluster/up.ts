// `make cluster`: `node test/cluster/up.ts [--index N] [--newest]` prepares this machine, starts cluster N in the background and
// prints how to use it. A cluster that runs already is left as it is.
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { cacheDir } from '../support/kubernetes/assets.ts';
import { buildNewest } from '../support/kubernetes/build.ts';
import { indexFromArguments, isNewestFromArguments, print, runMain } from './cli.ts';
import { type Layout, layoutOf } from './layout.ts';
import { prepare } from './prepare.ts';
import { envoyImageName, iptablesImageName, nodeImageName } from './standard-images.ts';
import { readState, supervisorPath } from './state.ts';
import type { SupervisorMessage } from './supervisor.ts';

async function up(): Promise<void> {
  const layout = layoutOf(indexFromArguments());
  const running = await readState(layout);
  if (running !== undefined) {
    print(`Cluster ${layout.index} runs already.`);
    printUse(layout, running.kubeconfig);
    return;
  }
  await prepare(print);
  const started = performance.now();
  const isNewest = isNewestFromArguments();
  if (isNewest) await buildNewest(print);
  const args = ['--index', String(layout.index), ...(isNewest ? ['--newest'] : [])];
  const supervisor = fork(supervisorPath, args, {
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  const interrupt = (): void => {
    supervisor.kill('SIGTERM');
  };
  process.once('SIGINT', interrupt);
  const kubeconfig = await result(supervisor);
  process.off('SIGINT', interrupt);
  supervisor.unref();
  print(`Cluster ${layout.index} is up after ${((performance.now() - started) / 1000).toFixed(1)} s.`);
  printUse(layout, kubeconfig);
}

/** Prints what the supervisor says until the cluster is up; returns the path of the kubeconfig. */
async function result(supervisor: ChildProcess): Promise<string> {
  return await new Promise((resolve, reject) => {
    supervisor.on('message', (message: SupervisorMessage) => {
      if (message.kind === 'line') print(`  ${message.line}`);
      if (message.kind === 'ready') resolve(message.kubeconfig);
      if (message.kind === 'failed') reject(new Error(message.message));
    });
    supervisor.once('exit', () => reject(new Error('The start of the cluster was broken off.')));
  });
}

function printUse(layout: Layout, kubeconfig: string): void {
  const arg = layout.index === 0 ? '' : ` ARGS="--index ${layout.index}"`;
  print(`Node ${layout.nodeName} has the images ${nodeImageName}, ${envoyImageName}, ${iptablesImageName}.`);
  print(
    'It has those of deploy/install.yaml and deploy/samples, too, made from this checkout: apply them as they are.',
  );
  print(`Pods reach this machine at ${layout.hostAddress}; it reaches pods and services by their addresses.`);
  print(`kubectl: ${join(cacheDir(), 'kubectl')}`);
  print(`Logs: ${layout.logDir}. To end it: make cluster-down${arg}`);
  print(`export KUBECONFIG=${kubeconfig}`);
}

await runMain(up);
