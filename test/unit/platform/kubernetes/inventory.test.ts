import { expect, test } from '@jest/globals';
import { Inventory } from '../../../../operator/platform/kubernetes/informer/inventory.ts';

const object = (
  name: string,
  resourceVersion: string,
): { metadata: { namespace: string; name: string; resourceVersion: string } } => ({
  metadata: { namespace: 'shop', name, resourceVersion },
});

test('a fresh list shows what is new, what changed and what is gone', () => {
  const inventory = new Inventory();
  inventory.replace([object('kept', '1'), object('changed', '2'), object('gone', '3')]);

  const difference = inventory.replace([object('kept', '1'), object('changed', '4'), object('new', '5')]);

  expect(difference).toEqual({
    changed: [object('changed', '4'), object('new', '5')],
    gone: [{ namespace: 'shop', name: 'gone' }],
  });
});

test('counts what a watch added and removed since the last list', () => {
  const inventory = new Inventory();
  inventory.replace([object('a', '1')]);
  inventory.put(object('b', '2'));
  inventory.delete(object('a', '3'));

  expect(inventory.replace([])).toEqual({ changed: [], gone: [{ namespace: 'shop', name: 'b' }] });
});

test('knows a version that was delivered already', () => {
  const inventory = new Inventory();

  expect([
    inventory.put(object('a', '1')),
    inventory.put(object('a', '1')),
    inventory.put(object('a', '2')),
  ]).toEqual([true, false, true]);
});

test('tells the same name in two namespaces apart', () => {
  const inventory = new Inventory();
  const other = { metadata: { namespace: 'qa', name: 'a', resourceVersion: '1' } };
  inventory.replace([object('a', '1'), other]);

  expect(inventory.replace([object('a', '1')])).toEqual({
    changed: [],
    gone: [{ namespace: 'qa', name: 'a' }],
  });
});
