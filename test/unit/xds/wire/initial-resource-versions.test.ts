// What a client kept is told by its fingerprint, whatever the order; decoded only when asked for.
import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { readDeltaRequest } from '../../../../operator/xds/wire/read-delta-request.ts';
import { initialVersionsOf } from '../../../../operator/xds/wire/initial-resource-versions.ts';
import { MessageError } from '../../../../operator/envoy/proto/message-error.ts';
import { encodeDeltaRequest } from '../../../support/envoy/discovery-client.ts';

const entries = fc.uniqueArray(fc.tuple(fc.string({ unit: 'grapheme' }), fc.string()), {
  selector: ([name]) => name,
  minLength: 1,
  maxLength: 20,
});

function fromWire(versions: readonly (readonly [string, string])[]): ReturnType<typeof initialVersionsOf> {
  // An object would sort names that look like numbers: a message is its fields, one after the other.
  const fields = versions.map((entry) => encodeDeltaRequest({ initialVersions: new Map([entry]) }));
  return readDeltaRequest(Buffer.concat(fields)).initialVersions;
}

describe('a fingerprint', () => {
  test('is the same for what comes over the wire, in any order', () => {
    fc.assert(
      fc.property(entries, fc.infiniteStream(fc.nat()), (versions, random) => {
        const shuffled = versions
          .map((entry) => ({ entry, at: random.next().value }))
          .toSorted((a, b) => a.at - b.at)
          .map(({ entry }) => entry);
        expect(fromWire(shuffled).fingerprint).toBe(initialVersionsOf(new Map(versions)).fingerprint);
      }),
    );
  });

  test('differs if one name or one version differs, or one more is there', () => {
    fc.assert(
      fc.property(entries, fc.string({ minLength: 1 }), (versions, more) => {
        const [[name, version] = ['', '']] = versions;
        const rest = versions.slice(1);
        const { fingerprint } = initialVersionsOf(new Map(versions));
        const others = [[[name, version + more]], [[name + more, version]], []] as [string, string][][];
        for (const other of others)
          expect(initialVersionsOf(new Map([...rest, ...other])).fingerprint).not.toBe(fingerprint);
      }),
    );
  });

  test('tells what belongs to the name from what belongs to the version', () => {
    expect(initialVersionsOf(new Map([['a', 'bc']])).fingerprint).not.toBe(
      initialVersionsOf(new Map([['ab', 'c']])).fingerprint,
    );
  });
});

test('versions are read as they were written', () => {
  fc.assert(
    fc.property(entries, (versions) => {
      expect(fromWire(versions).read()).toEqual(new Map(versions));
    }),
  );
});

test('entries in several places of a message are put together', () => {
  const all = new Map([
    ['a', '1'],
    ['b', '2'],
  ]);
  const fields = [...all].map((entry) =>
    encodeDeltaRequest({ initialVersions: new Map([entry]), nonce: '1' }),
  );
  const both = readDeltaRequest(Buffer.concat(fields)).initialVersions;

  expect([both.fingerprint, both.read()]).toEqual([initialVersionsOf(all).fingerprint, all]);
});

test('an entry that is damaged inside is told when it is read', () => {
  // initial_resource_versions = 5, two bytes: a key of nine bytes that are not there.
  const kept = readDeltaRequest(Buffer.of(0x2a, 2, 0x0a, 9)).initialVersions;

  expect(() => kept.read()).toThrow(MessageError);
});
