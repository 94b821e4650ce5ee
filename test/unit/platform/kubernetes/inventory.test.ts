import { expect, test } from '@jest/globals';
import { type Identity, Inventory } from '../../../../operator/platform/kubernetes/informer/inventory.ts';
import type { RawObject } from '../../../../operator/platform/kubernetes/informer/raw-object.ts';

const object = (
  name: string,
  resourceVersion: string,
): { metadata: { namespace: string; name: string; resourceVersion: string } } => ({
  metadata: { namespace: 'shop', name, resourceVersion },
});

/** What is new in a list, and what is gone, as an informer hears of it. */
function list(
  inventory: Inventory,
  objects: readonly RawObject[],
): { readonly changed: readonly RawObject[]; readonly gone: readonly Identity[] } {
  const listing = inventory.startListing();
  const changed = objects.filter((each) => listing.note(each));
  const gone = listing.finish();
  for (const each of changed) inventory.put(each);
  return { changed, gone };
}

test('a fresh list shows what is new, what changed and what is gone', () => {
  const inventory = new Inventory();
  list(inventory, [object('kept', '1'), object('changed', '2'), object('gone', '3')]);

  const difference = list(inventory, [object('kept', '1'), object('changed', '4'), object('new', '5')]);

  expect(difference).toEqual({
    changed: [object('changed', '4'), object('new', '5')],
    gone: [{ namespace: 'shop', name: 'gone' }],
  });
});

test('a list that is given up takes nothing for delivered, and nothing for gone', () => {
  const inventory = new Inventory();
  list(inventory, [object('kept', '1')]);

  inventory.startListing().note(object('changed', '2'));

  expect(list(inventory, [object('kept', '1'), object('changed', '2')])).toEqual({
    changed: [object('changed', '2')],
    gone: [],
  });
});

test('counts what a watch added and removed since the last list', () => {
  const inventory = new Inventory();
  list(inventory, [object('a', '1')]);
  inventory.put(object('b', '2'));
  inventory.delete(object('a', '3'));

  expect(list(inventory, [])).toEqual({ changed: [], gone: [{ namespace: 'shop', name: 'b' }] });
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
  list(inventory, [object('a', '1'), other]);

  expect(list(inventory, [object('a', '1')])).toEqual({
    changed: [],
    gone: [{ namespace: 'qa', name: 'a' }],
  });
});
