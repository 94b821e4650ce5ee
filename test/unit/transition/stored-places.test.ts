import { expect, test } from '@jest/globals';
import type { ConfigMap } from '../../../operator/objects/objects.ts';
import {
  isSameStored,
  placeKey,
  placesData,
  placesName,
  portsApart,
  type StoredPlace,
  storedPlacesIn,
} from '../../../operator/transition/stored-places.ts';

const places = new Map<string, StoredPlace>([
  [placeKey('Deployment/reviews', 9080), { attempts: 0, strictSinceMs: null }],
  [placeKey('Deployment/reviews', null), { attempts: 2, strictSinceMs: 1_800_000_000_000 }],
  [placeKey('Pod/a', 80), { attempts: 1, strictSinceMs: null }],
]);

function configMap(data: ConfigMap['data'], name = placesName('shop')): ConfigMap {
  return { kind: 'ConfigMap', metadata: { name, namespace: 'meshwright-system' }, data };
}

test('what is written is read again', () => {
  const data = placesData(places);

  expect(data).toEqual({
    'ports.json':
      '{"Deployment/reviews":{"9080":{},"other":{"attempts":2,"strictSince":"2027-01-15T08:00:00.000Z"}},"Pod/a":{"80":{"attempts":1}}}',
  });
  expect(new Map(storedPlacesIn([configMap(data)]).get('shop'))).toEqual(places);
});

test.each<readonly [string, ReadonlyMap<string, StoredPlace>, boolean]>([
  ['in another order', new Map([...places].toReversed()), true],
  ['without one', new Map([...places].slice(1)), false],
  [
    'with another in its place',
    new Map([...[...places].slice(1), ['Pod/b 80', { attempts: 1, strictSinceMs: null }]]),
    false,
  ],
  ['tried more often', new Map([...places, ['Pod/a 80', { attempts: 2, strictSinceMs: null }]]), false],
  ['Strict in the meantime', new Map([...places, ['Pod/a 80', { attempts: 1, strictSinceMs: 1 }]]), false],
])('is the same as what was stored, %s', (_, others, isSame) => {
  expect(isSameStored(places, others)).toBe(isSame);
});

test.each([
  ['no JSON', '{'],
  ['something else', '{"Deployment/reviews":{"9080":{"attempts":"many"}}}'],
  ['nothing', ''],
])('%s opens no port', (_, text) => {
  expect(storedPlacesIn([configMap({ 'ports.json': text })]).get('shop')?.size).toBe(0);
});

test('other ConfigMaps are none of ours', () => {
  expect(storedPlacesIn([configMap(placesData(places), 'meshwright-jwks-a')]).size).toBe(0);
});

test.each<readonly [string, Readonly<Record<string, number | null>>, readonly number[]]>([
  ['open as the others', { other: null, 80: null }, []],
  [
    'Strict beside ones that may step back, before open ones',
    { other: 1, 79: null, 80: 0, 81: 5 },
    [80, 81, 79],
  ],
  ['Strict for good beside open ones', { other: null, 80: 0, 81: null }, [80]],
  ['open beside Strict ones', { 80: null, 81: 5 }, [80]],
])('ports told apart: %s', (_, strictSince, expected) => {
  const stored = Object.entries(strictSince).map(
    ([port, strictSinceMs]) => [`Pod/a ${port}`, { attempts: 0, strictSinceMs }] as const,
  );
  expect(portsApart(new Map(stored)).get('Pod/a') ?? []).toEqual(expected);
});
