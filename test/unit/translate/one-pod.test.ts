// One pod of many changes: what is made of the others stays the same object, so that nothing behind looks at it again.
import { expect, test } from '@jest/globals';
import { MeshSpec } from '../../../api/v1alpha1/mesh.ts';
import { createTranslator } from '../../../operator/translate/translator.ts';
import {
  meshedPod,
  resourcesOf,
  service,
  slice,
  storedObject,
  translateOptions,
} from '../../support/builders.ts';

const mesh = storedObject({
  kind: 'Mesh',
  metadata: { name: 'default', generation: 1 },
  spec: MeshSpec.parse({}),
});
const [reviews, moved] = [
  meshedPod('reviews-1', 'reviews', '10.0.0.1'),
  meshedPod('reviews-1', 'reviews', '10.0.0.9'),
];
const ratings = meshedPod('ratings-1', 'ratings', '10.0.0.2');
const others = [mesh, service('reviews'), service('ratings'), ratings, slice('ratings', ratings)];

test('what is made of the others stays the same object', () => {
  const translate = createTranslator(translateOptions);
  const before = translate(resourcesOf(...others, reviews));
  const after = translate(resourcesOf(...others, moved));

  expect(after.ir?.workloads.map(({ name, addresses }) => [name, addresses])).toEqual([
    ['ratings-1', ['10.0.0.2']],
    ['reviews-1', ['10.0.0.9']],
  ]);
  expect(after.ir?.workloads[0]).toBe(before.ir?.workloads[0]);
  expect(after.ir?.services[0]?.key).toBe('shop/ratings/9080');
  expect(after.ir?.services[0]).toBe(before.ir?.services[0]);
  const places = before.mtlsPlaces.filter(({ owner }) => owner === 'Pod/ratings-1');
  expect(places.length).toBeGreaterThan(0);
  for (const place of places) expect(after.mtlsPlaces.some((it) => it === place)).toBe(true);
});
