// Which operator leads. Entry: holder.
import { ownNamespace, type World } from './world.ts';

const lease = ['get', 'lease', 'meshwright-operator', `--namespace=${ownNamespace}`];

/** As it stands in the Lease; '' while nobody leads. */
export async function holder(world: World): Promise<string> {
  return await world.mustKubectl([...lease, '--output=jsonpath={.spec.holderIdentity}']);
}

export function podOf(holding: string): string {
  return holding.split('_')[0] ?? '';
}
