// Which operator leads, and its end. Entries: holder, killOperator.
import { ownNamespace, type World } from './world.ts';

const lease = ['get', 'lease', 'meshwright-operator', `--namespace=${ownNamespace}`];

/** As it stands in the Lease; '' while nobody leads. */
export async function holder(world: World): Promise<string> {
  return await world.mustKubectl([...lease, '--output=jsonpath={.spec.holderIdentity}']);
}

/** holding: `<pod>_<address>_<start>` */
export function podOf(holding: string): string {
  return holding.split('_')[0] ?? '';
}

/** Without a word: with SIGKILL on the cluster of this machine, elsewhere as good as the API server can do it. */
export async function killOperator(world: World, pod: string): Promise<void> {
  const { machine } = world;
  if (machine === undefined) {
    const now = ['--force', '--grace-period=0', '--wait=false'];
    await world.mustKubectl(['delete', 'pod', pod, `--namespace=${ownNamespace}`, ...now]);
    return;
  }
  // Its environment has the name of its pod, also under which no other process runs.
  const script = `kill -KILL $(grep -lzx POD_NAME=${pod} /proc/[0-9]*/environ | cut -d/ -f3)`;
  const { code, stderr } = await machine.inCluster(['sh', '-c', script]);
  if (code !== 0) throw new Error(`${pod} was not killed: ${stderr}`);
}
