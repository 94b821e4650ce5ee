import { describe, expect, test } from '@jest/globals';
import {
  emptyLedger,
  ledgerText,
  maxRemembered,
  nextRevocationMs,
  parseLedger,
  revocationDelayMs,
  revokedSerials,
  withIssuedAfter,
  withReplaced,
} from '../../../operator/certificates/replaced-leaves.ts';
import type { RememberedLeaf } from '../../../operator/certificates/renewal.ts';
import { hourMs, startOfTest as now } from './support.ts';

const leaf = (serial: string, issuedMs = now - hourMs, ttlMs = 24 * hourMs): RememberedLeaf => ({
  serial,
  notBeforeMs: issuedMs - 120_000,
  notAfterMs: issuedMs + ttlMs,
});

describe('what is revoked', () => {
  const cases = [
    { what: 'issued before issuedAfter', issuedAfter: now, after: revocationDelayMs, revoked: true },
    { what: 'replaced a moment ago', issuedAfter: now, after: revocationDelayMs - 1, revoked: false },
    {
      what: 'issued at issuedAfter',
      issuedAfter: now - hourMs,
      after: revocationDelayMs,
      revoked: false,
    },
    { what: 'no issuedAfter', issuedAfter: null, after: revocationDelayMs, revoked: false },
    {
      what: 'issuedAfter still to come',
      issuedAfter: now + hourMs,
      after: revocationDelayMs,
      revoked: false,
    },
    { what: 'expired', issuedAfter: now, after: 24 * hourMs, revoked: false },
  ];
  test.each(cases)('$what: $revoked', ({ issuedAfter, after, revoked }) => {
    const at = now + after;
    const ledger = withIssuedAfter(withReplaced(emptyLedger, [leaf('4a')], now), issuedAfter, at);

    expect(revokedSerials(ledger, at)).toEqual(revoked ? ['4a'] : []);
  });

  test('an earlier issuedAfter changes nothing', () => {
    const ledger = withIssuedAfter(emptyLedger, now, now);

    expect(withIssuedAfter(ledger, now - 1, now)).toBe(ledger);
    expect(withIssuedAfter(ledger, null, now)).toBe(ledger);
  });

  test('a certificate that is replaced again gets its delay again', () => {
    const first = withReplaced({ ...emptyLedger, issuedAfterMs: now }, [leaf('4a')], now);
    const later = now + revocationDelayMs - 1;
    const again = withReplaced(first, [leaf('4a')], later);

    expect(nextRevocationMs(first, now)).toBe(now + revocationDelayMs);
    expect(nextRevocationMs(again, later)).toBe(later + revocationDelayMs);
    expect(nextRevocationMs(again, later + revocationDelayMs)).toBeUndefined();
  });
});

describe('what is remembered', () => {
  test('leaves when it has expired, for clocks that are behind as well', () => {
    const ledger = withReplaced(emptyLedger, [leaf('4a', now, hourMs)], now);
    const left = (at: number): number => withReplaced(ledger, [], at).leaves.length;

    expect(left(now + hourMs + 120_000)).toBe(1);
    expect(left(now + hourMs + 120_001)).toBe(0);
  });

  test('is what expires last, if it is too much for a Secret', () => {
    const many = Array.from({ length: maxRemembered + 2 }, (_, at) =>
      leaf(`4${at.toString(16).padStart(31, '0')}`, now - hourMs + at * 1000),
    );
    const { leaves } = withReplaced(emptyLedger, many, now);

    expect(leaves).toHaveLength(maxRemembered);
    expect(leaves.map(({ serial }) => serial)).not.toContain(many[1]?.serial);
    expect(ledgerText({ issuedAfterMs: now, leaves }).length).toBeLessThan(500_000);
  });

  test('is read as it was written, to the second', () => {
    const ledger = { ...withReplaced(emptyLedger, [leaf('4a'), leaf('5f')], now), issuedAfterMs: now };

    expect(parseLedger(ledgerText(ledger))).toEqual(ledger);
  });

  test.each(['', '{', '{}', '{"issuedAfter":null,"replaced":[["not hex",1,2,3]]}'])(
    'is nothing if it is damaged: %s',
    (text) => {
      expect(parseLedger(text)).toBeUndefined();
    },
  );
});
