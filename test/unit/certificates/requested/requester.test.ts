import { beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { KeyPair, LeafRequest } from '../../../../operator/certificates/authority.ts';
import { Requester } from '../../../../operator/certificates/requested/requester.ts';
import { IssuerTrouble, troublesOf } from '../../../../operator/certificates/requested/trouble.ts';
import { pemText } from '../../../../operator/certificates/root.ts';
import { type Ca, makeCa } from '../../../support/brought-authority.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { MemoryRequests } from '../../../support/memory-requests.ts';
import { hourMs, startOfTest } from '../support.ts';

const issuer = { name: 'mesh-ca', kind: 'ClusterIssuer', group: 'cert-manager.io' };
const leaf = (name: string): LeafRequest => ({
  spiffeId: `spiffe://cluster.local/ns/shop/sa/${name}`,
  ttlMs: 24 * hourMs,
});

let root: Ca;
let other: Ca;
let clock: FakeClock;
let requests: MemoryRequests;
let requester: Requester;

beforeAll(async () => {
  const times = { from: startOfTest - hourMs, until: startOfTest + 1000 * hourMs };
  [root, other] = [await makeCa(times), await makeCa(times)];
});
beforeEach(() => {
  clock = new FakeClock(startOfTest);
  requests = new MemoryRequests();
  requester = new Requester(requests, clock);
});

const pem = (ca: Ca): string => pemText(ca.certificate);
const issue = (name = 'reviews'): Promise<KeyPair> => requester.issue(issuer, leaf(name), [pem(root)]);

/** Asks until patience is at its end. */
async function failing(name = 'reviews'): Promise<string> {
  const failed: string[] = [];
  void issue(name).catch((error: unknown) => failed.push(String(error)));
  while (failed.length === 0) {
    // oxlint-disable-next-line no-await-in-loop -- until it has failed
    await new Promise((resolve) => setImmediate(resolve));
    if (failed.length === 0 && clock.untilNextMs() !== undefined) clock.advance(500);
  }
  return failed.join('');
}

test('what is issued comes with its key and its time, and the request is gone', async () => {
  requests.issueFrom([root], clock.now);

  expect(await issue()).toMatchObject({ root: pem(root), issuedMs: startOfTest });
  expect(requests.held.size).toBe(0);
  expect(requester.seen.of(issuer)).toEqual({ root: pem(root), links: '' });
});

test('a request without an answer stays, and its answer is taken later: nothing is asked twice', async () => {
  expect(await failing()).toContain(
    'ClusterIssuer mesh-ca has not issued it yet: the request is not approved yet.',
  );
  expect(await failing()).toContain('has not issued it yet');
  expect(requests.made).toHaveLength(1);

  requests.issueFrom([root], clock.now);
  expect(await issue()).toMatchObject({ root: pem(root) });
  expect(requests.made).toHaveLength(1);
});

test('nobody waits for an issuer that keeps another one waiting, and so many requests wait at a time', async () => {
  await failing();
  const before = clock.now();
  for (let index = 0; index < 40; index += 1)
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await expect(issue(`app-${index}`)).rejects.toThrow(IssuerTrouble);

  expect(clock.now()).toBe(before);
  expect(requests.held.size).toBe(32);
});

test('after a refusal it is asked again later, then later still, by a request in place of the refused one', async () => {
  requests.refuse('Denied', 'not you');
  const words = 'ClusterIssuer mesh-ca refuses: the request was denied: not you.';
  await expect(issue()).rejects.toThrow(words);
  clock.advance(9_000);
  await expect(issue()).rejects.toThrow(words);
  expect(requests.made).toHaveLength(1);

  clock.advance(1_000);
  await expect(issue()).rejects.toThrow(words);
  expect(requests.made).toHaveLength(2);
  expect(requests.held.size).toBe(1);

  clock.advance(10_000);
  await expect(issue()).rejects.toThrow(words);
  expect(requests.made).toHaveLength(2);

  requests.issueFrom([root], clock.now);
  clock.advance(10_000);
  await issue();
  expect(requests.held.size).toBe(0);
});

test('a refusal of one holds up no other', async () => {
  requests.refuse('Denied', 'not you');
  await expect(issue('ratings')).rejects.toThrow('not you');

  requests.issueFrom([root], clock.now);
  expect(await issue('reviews')).toMatchObject({ root: pem(root) });
});

test('a certificate under another root is not given out, but known', async () => {
  requests.issueFrom([other], clock.now);

  await expect(issue()).rejects.toThrow('ClusterIssuer mesh-ca signs with another root certificate now.');
  expect(requester.seen.of(issuer)?.root).toBe(pem(other));
  expect(requests.held.size).toBe(0);
});

test('an API server that knows no cert-manager is told, and not asked all the time', async () => {
  requests.create = () => Promise.reject(new Error('Install cert-manager'));

  await expect(issue()).rejects.toThrow('ClusterIssuer mesh-ca cannot be asked: Install cert-manager.');
  requests.create = () => Promise.reject(new Error('asked again'));
  await expect(issue()).rejects.toThrow('Install cert-manager.');
});

test('what a former leader has left is deleted, as nobody has its key', async () => {
  await requests.create('meshwright-left', { issuer, csr: '', ...leaf('reviews') });
  requests.issueFrom([root], clock.now);
  await issue();

  expect([...requests.held.keys()]).toEqual([]);
});

test('after another operator has led, what was asked before is asked anew', async () => {
  await failing();
  requester.startTerm();
  requests.issueFrom([root], clock.now);
  await issue();

  expect(requests.made).toHaveLength(2);
  expect(requests.held.size).toBe(0);
});

test('what nobody asks for any more is deleted', async () => {
  await failing('gone');
  clock.advance(14 * 60_000);
  await failing();
  expect(requests.held.size).toBe(2);

  clock.advance(60_000);
  await failing('another');
  expect([...requests.held.values()].map(({ spiffeId }) => spiffeId.split('/').at(-1))).toEqual([
    'reviews',
    'another',
  ]);
});

test('a request that somebody deletes is made anew', async () => {
  await failing();
  requests.held.clear();
  await expect(issue()).rejects.toThrow('the request was deleted before it was answered');
  requests.issueFrom([root], clock.now);

  expect(await issue()).toMatchObject({ root: pem(root) });
});

test('intermediates that were seen under a root are remembered, those of another are not', async () => {
  const [first, second] = [await makeCa({ by: root }), await makeCa({ by: root })];
  for (const by of [first, second]) {
    requests.issueFrom([by, root], clock.now);
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await issue();
  }
  expect(requester.seen.of(issuer)).toEqual({ root: pem(root), links: pem(second) + pem(first) });

  requests.issueFrom([other], clock.now);
  await expect(issue()).rejects.toThrow(IssuerTrouble);
  expect(requester.seen.of(issuer)).toEqual({ root: pem(other), links: '' });
});

test('however many certificates wait, there is a sentence for each reason', () => {
  const slow = new IssuerTrouble('Slow', 'ClusterIssuer a', 'It is slow.');
  const refused = new IssuerTrouble('Refused', 'ClusterIssuer a', 'It refuses.');
  const waiting = [
    { what: 'Secret shop/c', trouble: slow },
    { what: 'Secret shop/b', trouble: new IssuerTrouble('Slow', 'ClusterIssuer a', 'It is slow.') },
  ];

  expect(troublesOf([])).toBeNull();
  expect(troublesOf(waiting)).toMatchObject({
    kind: 'Slow',
    texts: ['2 certificates wait, first that in Secret shop/b. It is slow.'],
  });
  expect(troublesOf([...waiting, { what: 'Secret shop/a', trouble: refused }])).toMatchObject({
    kind: 'Refused',
    texts: [
      '2 certificates wait, first that in Secret shop/b. It is slow.',
      'The certificate in Secret shop/a waits. It refuses.',
    ],
  });
});
