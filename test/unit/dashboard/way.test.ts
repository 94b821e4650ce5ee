// The way of `meshwright dashboard` to the operator that leads, and the tokens that it shows there.
import { beforeEach, expect, test } from '@jest/globals';
import { Tokens } from '../../../operator/dashboard/local/token.ts';
import { Way } from '../../../operator/dashboard/local/way.ts';

interface Forward {
  readonly pod: string;
  readonly signal: AbortSignal;
  readonly onEnd: () => void;
}

let nowMs = 0;
let leader = 'a';
let looked = 0;
let isRefused = false;
let forwards: Forward[] = [];
beforeEach(() => {
  [nowMs, leader, looked, isRefused, forwards] = [0, 'a', 0, false, []];
});

const kubectl = {
  run: (): Promise<string> => {
    looked += 1;
    if (isRefused) return Promise.reject(new Error('Forbidden'));
    return Promise.resolve(leader === '' ? '' : `${leader}_10.0.0.1:15010_n`);
  },
  forward: (pod: string, _port: string, rest: Omit<Forward, 'pod'>): Promise<number> =>
    Promise.resolve(1000 + forwards.push({ pod, ...rest })),
};
const wayOf = (signal = new AbortController().signal): Way => new Way(kubectl, signal, () => nowMs);
const portOf = async (way: Way): Promise<string> => (await way.get()).port;
/** What was begun in the background has ended. */
const rest = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('one port is forwarded, whoever asks, and who leads is not asked at each request', async () => {
  const way = wayOf();

  expect(await Promise.all([portOf(way), portOf(way)])).toEqual(['1001', '1001']);
  nowMs = 9_999;
  expect(await portOf(way)).toBe('1001');
  expect([forwards.map(({ pod }) => pod), looked]).toEqual([['a'], 1]);
});

test.each([
  ['later', 10_000],
  ['after the clock was set back', -3_600_000],
])('when another one leads, %s the way leads there, and the old one is closed', async (_when, atMs) => {
  const way = wayOf();
  await way.get();
  [leader, nowMs] = ['b', atMs];
  // Nobody waits for it.
  expect(await portOf(way)).toBe('1001');
  await rest();

  expect(await portOf(way)).toBe('1002');
  expect(forwards.map(({ pod, signal }) => [pod, signal.aborted])).toEqual([
    ['a', true],
    ['b', false],
  ]);
  // That the old one has ended is no news.
  forwards[0]?.onEnd();
  await rest();
  expect(await portOf(way)).toBe('1002');
});

test.each([
  ['nobody leads', () => (leader = '')],
  ['it cannot be asked', () => (isRefused = true)],
  ['the same one leads', () => undefined],
])('%s: the way there is stays', async (_what, change) => {
  const way = wayOf();
  await way.get();
  change();
  nowMs = 10_000;
  await way.get();
  await rest();

  expect([await portOf(way), forwards.length, looked]).toEqual(['1001', 1, 2]);
  expect(forwards[0]?.signal.aborted).toBe(false);
});

test('a forwarded port that ends is opened again, and a failure is said and tried again', async () => {
  const stop = new AbortController();
  const way = wayOf(stop.signal);
  isRefused = true;
  await expect(way.get()).rejects.toThrow('Forbidden');
  isRefused = false;
  expect(await portOf(way)).toBe('1001');
  forwards[0]?.onEnd();
  await rest();

  expect(await portOf(way)).toBe('1002');
  stop.abort();
  expect(forwards[1]?.signal.aborted).toBe(true);
});

test('a token is asked for once in seven minutes of the clock on the wall, and again after a failure', async () => {
  let isFailing = false;
  const asked: string[] = [];
  const run = (...args: readonly string[]): Promise<string> => {
    asked.push(args.join(' '));
    return isFailing ? Promise.reject(new Error('Forbidden')) : Promise.resolve(`token-${asked.length}`);
  };
  const tokens = new Tokens({ run }, 'meshwright-dashboard', () => nowMs);

  expect([await tokens.get(), await tokens.get()]).toEqual(['token-1', 'token-1']);
  expect(asked).toEqual([
    'create token meshwright-dashboard --audience meshwright-dashboard --duration 600s',
  ]);
  nowMs = 420_000;
  isFailing = true;
  await expect(tokens.get()).rejects.toThrow('Forbidden');
  isFailing = false;
  expect(await tokens.get()).toBe('token-3');
});

test('a token that was refused is asked for anew, and no other', async () => {
  let made = 0;
  const run = (): Promise<string> => Promise.resolve(`token-${(made += 1)}`);
  const tokens = new Tokens({ run }, 'meshwright-dashboard', () => nowMs);
  await tokens.get();
  tokens.drop('token-1');
  expect(await tokens.get()).toBe('token-2');
  // Another request had the same one.
  tokens.drop('token-1');
  expect(await tokens.get()).toBe('token-2');
});
