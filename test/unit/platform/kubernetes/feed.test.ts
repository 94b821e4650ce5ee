// What becomes of objects that the API server took and the operator does not: what guarded goes on guarding.
import { expect, test } from '@jest/globals';
import { admit } from '../../../../api/admission.ts';
import { refKey, refOf, type StoredObject } from '../../../../operator/objects/objects.ts';
import { createFeed, type Feed } from '../../../../operator/platform/kubernetes/feed.ts';
import { createLog } from '../../../../operator/process/log.ts';

interface Seen {
  readonly feed: Feed;
  readonly inForce: ReadonlyMap<string, StoredObject>;
  readonly instead: ReadonlyMap<string, string | undefined>;
}

function start(): Seen {
  const inForce = new Map<string, StoredObject>();
  const instead = new Map<string, string | undefined>();
  const feed = createFeed(
    {
      upsert: (object) => {
        inForce.set(refKey(refOf(object)), object);
        instead.delete(refKey(refOf(object)));
      },
      remove: (ref) => {
        inForce.delete(refKey(ref));
        instead.delete(refKey(ref));
      },
      reject: (ref, _generation, _problems, effect) => void instead.set(refKey(ref), effect),
      synced: () => undefined,
    },
    admit,
    createLog('silent'),
  );
  return { feed, inForce, instead };
}

const key = 'SecurityPolicy/shop/guard';
const policy = (spec: object, generation = 1): Parameters<Feed['upsert']>[1] => ({
  apiVersion: 'meshwright.dev/v1alpha1',
  kind: 'SecurityPolicy',
  metadata: { name: 'guard', namespace: 'shop', resourceVersion: '7', generation },
  spec: { targetRefs: [{ kind: 'Service', name: 'reviews' }], ...spec },
});
const allow = { name: 'one', action: 'Allow', from: [{ serviceAccounts: ['shop/productpage'] }] };
const valid = { authorization: { rules: [allow] } };
/** As an earlier version of the definitions allowed it. */
const invalid = { authorization: { rules: [{ ...allow, to: [{ paths: ['/reviews'] }] }] } };

test('a policy that is not valid at the start refuses every call to its targets, and says so', () => {
  const { feed, inForce, instead } = start();

  feed.upsert('SecurityPolicy', policy(invalid));

  expect(inForce.get(key)).toMatchObject({
    spec: {
      targetRefs: [{ name: 'reviews' }],
      authorization: { rules: [{ name: 'closed', action: 'Deny' }] },
    },
  });
  expect(instead.get(key)).toContain('every call to its targets is refused until it is corrected');
});

test.each([
  ['beside a mode', { mtls: { mode: 'Strict' } }],
  ['beside rules on trial', { authorization: { enforcement: 'Audit', rules: [allow] } }],
])('one that asks for tokens refuses every call, also %s', (_, spec) => {
  const { feed, inForce, instead } = start();

  feed.upsert('SecurityPolicy', policy({ ...spec, authentication: { jwt: [{ name: 'corp' }] } }));

  const closed = inForce.get(key);
  expect(closed).toMatchObject({ spec: { authorization: { rules: [{ name: 'closed', action: 'Deny' }] } } });
  expect(closed).not.toMatchObject({ spec: { authorization: { enforcement: 'Audit' } } });
  expect(instead.get(key)).toContain('every call to its targets is refused until it is corrected');
});

test('one that asks an authorizer refuses every call, also on trial', () => {
  const { feed, inForce } = start();

  feed.upsert('SecurityPolicy', policy({ authorization: { enforcement: 'Audit', external: {} } }));

  expect(inForce.get(key)).toMatchObject({
    spec: {
      authorization: {
        enforcement: 'Enforce',
        rules: [{ name: 'closed', action: 'Deny', from: [], to: [] }],
      },
    },
  });
});

test('one that is only about plaintext lets none in', () => {
  const { feed, inForce } = start();

  feed.upsert('SecurityPolicy', policy({ mtls: { mode: 'Always' } }));

  expect(inForce.get(key)).toMatchObject({ spec: { mtls: { mode: 'Strict' } } });
});

test('one whose targets cannot be read is not enforced, and says so', () => {
  const { feed, inForce, instead } = start();

  feed.upsert('SecurityPolicy', policy({ ...invalid, targetRefs: ['reviews'] }));

  expect(inForce.size).toBe(0);
  expect(instead.get(key)).toBe('Nothing of it is enforced.');
});

test('its last valid version stays, if that has been seen', () => {
  const { feed, inForce, instead } = start();
  feed.upsert('SecurityPolicy', policy(valid));

  feed.upsert('SecurityPolicy', policy(invalid, 2));

  expect(inForce.get(key)).toMatchObject({ spec: { authorization: { rules: [{ name: 'one' }] } } });
  expect([...instead]).toEqual([[key, undefined]]);
});

test('it opens them when it is corrected, and when it is removed', () => {
  const { feed, inForce, instead } = start();
  feed.upsert('SecurityPolicy', policy(invalid));

  feed.upsert('SecurityPolicy', policy(valid, 2));
  expect(inForce.get(key)).toMatchObject({ spec: { authorization: { rules: [{ name: 'one' }] } } });
  expect(instead.size).toBe(0);
  feed.remove('SecurityPolicy', { namespace: 'shop', name: 'guard' });
  expect(inForce.size).toBe(0);
  feed.upsert('SecurityPolicy', policy(invalid, 3));
  expect(inForce.get(key)).toMatchObject({ spec: { authorization: { rules: [{ name: 'closed' }] } } });
});

test('a TrafficPolicy guards nothing', () => {
  const { feed, inForce, instead } = start();

  feed.upsert('TrafficPolicy', { ...policy({ routes: [{ name: 'A B' }] }), kind: 'TrafficPolicy' });

  expect(inForce.size).toBe(0);
  expect([...instead]).toEqual([['TrafficPolicy/shop/guard', undefined]]);
});
