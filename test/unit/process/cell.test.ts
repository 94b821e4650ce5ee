// Values that flow between parts.
import { expect, test } from '@jest/globals';
import { createCell, createLazyCell } from '../../../operator/process/cell.ts';

test('when a write returns all subscribers have run, in the order in which they subscribed', () => {
  const cell = createCell('old');
  const seen: string[] = [];
  cell.subscribe(() => seen.push(`first ${cell.get()}`));
  cell.subscribe(() => seen.push(`second ${cell.get()}`));
  expect(cell.get()).toBe('old');

  cell.set('new');

  expect(seen).toEqual(['first new', 'second new']);
});

test('each write is told, also of the same value', () => {
  const cell = createCell(1);
  let writes = 0;
  cell.subscribe(() => void (writes += 1));

  cell.set(1);
  cell.set(1);

  expect(writes).toBe(2);
});

test('nobody acts on an older value after a newer one, when a subscriber writes itself', () => {
  const cell = createCell(0);
  const seen: number[] = [];
  cell.subscribe(() => {
    if (cell.get() === 1) cell.set(2);
  });
  cell.subscribe(() => seen.push(cell.get()));

  cell.set(1);

  expect(seen).toEqual([2, 2]);
});

test('a lazy cell works its value out each time it is read, and not when it changes', () => {
  const cell = createLazyCell('initial');
  let reads = 0;
  let told = 0;
  cell.subscribe(() => void (told += 1));
  expect(cell.get()).toBe('initial');

  cell.define(() => `read ${(reads += 1)}`);
  cell.changed();
  cell.changed();

  expect({ told, reads }).toEqual({ told: 2, reads: 0 });
  expect([cell.get(), cell.get()]).toEqual(['read 1', 'read 2']);
});
