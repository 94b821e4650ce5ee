// Rest in proportion to work.
import { expect, test } from '@jest/globals';
import { Pacer } from '../../../operator/process/pacer.ts';
import { FakeClock } from '../../support/fake-clock.ts';

test('after work the rest is so many times as long, and no longer than the limit', () => {
  const clock = new FakeClock();
  const pacer = new Pacer({ clock, restPerWork: 4, maxRestMs: 100 });
  expect(pacer.restMs()).toBe(0);

  pacer.run(() => clock.spend(10));
  expect(pacer.restMs()).toBe(40);
  clock.spend(30);
  expect(pacer.restMs()).toBe(10);
  clock.spend(30);
  expect(pacer.restMs()).toBe(0);

  pacer.run(() => clock.spend(1000));
  expect(pacer.restMs()).toBe(100);
});

test('work in several goes counts from its start to its end', () => {
  const clock = new FakeClock();
  const pacer = new Pacer({ clock, restPerWork: 2 });

  pacer.start();
  clock.spend(5);
  clock.spend(5);
  pacer.stop();

  expect(pacer.restMs()).toBe(20);
});

test('work that fails is followed by its rest, too', () => {
  const clock = new FakeClock();
  const pacer = new Pacer({ clock, restPerWork: 1 });
  const work = (): void => {
    clock.spend(7);
    throw new Error('no');
  };

  expect(() => pacer.run(work)).toThrow('no');
  expect(pacer.restMs()).toBe(7);
});
