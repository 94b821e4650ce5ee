// A term of leadership forgets what is gone.
import { expect, test } from '@jest/globals';
import {
  createMemory,
  forget,
  forgetOtherNamespaces,
  noteMembership,
} from '../../../operator/reconcile/memory.ts';

test('what is known of workloads and namespaces goes with them', () => {
  const memory = createMemory();
  noteMembership(memory, 'gone', true, 1);
  noteMembership(memory, 'shop', true, 1);
  memory.sdsKept.set('gone', 1).set('shop', 1);
  memory.injected.set('Deployment/shop/web', 'u-1');

  forget(memory, 'Deployment/shop/web');
  forgetOtherNamespaces(memory, new Set(['shop']));

  expect([...memory.members.keys(), ...memory.sdsKept.keys(), ...memory.injected]).toEqual(['shop', 'shop']);
});
