import { expect, test } from '@jest/globals';
import type { ConfigMap } from '../../../operator/objects/objects.ts';
import {
  placeKey,
  placesData,
  placesName,
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
