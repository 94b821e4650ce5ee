import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { untilTogether } from '../../../../operator/platform/kubernetes/informer/until-together.ts';

const moment = fc.integer({ min: 0, max: 86_400_000 });

test('watches that begin in the same period end within a second of each other, or a period later', () => {
  fc.assert(
    fc.property(moment, fc.integer({ min: 0, max: 90_000 }), (startMs, laterMs) => {
      const ends = [startMs, startMs + laterMs].map((ms) => ms / 1000 + untilTogether(ms, 120));
      const apart = Math.abs((ends[0] ?? 0) - (ends[1] ?? 0)) % 120;

      expect(Math.min(apart, 120 - apart)).toBeLessThanOrEqual(1);
    }),
  );
});

test('none lasts much longer than asked for, or a moment only', () => {
  fc.assert(
    fc.property(moment, fc.integer({ min: 1, max: 600 }), (startMs, watchSeconds) => {
      const seconds = untilTogether(startMs, watchSeconds);

      expect(seconds).toBeGreaterThanOrEqual(Math.max(1, Math.floor(watchSeconds / 5)));
      expect(seconds).toBeLessThanOrEqual(Math.ceil(watchSeconds * 1.2));
    }),
  );
});
