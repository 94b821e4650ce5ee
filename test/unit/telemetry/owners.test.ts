// Who has an address: pods, and nodes by the pods on their network.
import { expect, test } from '@jest/globals';
import type { Pod } from '../../../operator/objects/objects.ts';
import { ownersOf } from '../../../operator/telemetry/owners.ts';

function pod(name: string, podIP: string, parts: Partial<Pod['spec']> = {}, phase = 'Running'): Pod {
  return {
    kind: 'Pod',
    metadata: { name, namespace: 'shop' },
    spec: { containers: [], ...parts },
    status: { phase, podIP },
  };
}

test('pods and nodes; who has ended has no address', () => {
  const ownerOf = ownersOf([
    pod('curl', '10.0.0.7'),
    pod('proxy', '192.168.0.2', { hostNetwork: true, nodeName: 'worker-1' }),
    pod('ended', '10.0.0.8', {}, 'Succeeded'),
  ]);

  expect(['10.0.0.7', '192.168.0.2', '10.0.0.8', 'other addresses'].map(ownerOf)).toEqual([
    'Pod shop/curl',
    'Node worker-1',
    null,
    null,
  ]);
});
