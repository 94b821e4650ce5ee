// The one proxy of a workload, with pings that are answered when the test says so.
import { expect, test } from '@jest/globals';
import { OneProxyPerWorkload } from '../../../../operator/xds/server/one-proxy-per-workload.ts';

interface Asked {
  readonly stream: string;
  readonly answer: (isAlive: boolean) => void;
}

function started(): { oneProxy: OneProxyPerWorkload<string>; asked: Asked[]; told: string[] } {
  const asked: Asked[] = [];
  const told: string[] = [];
  const oneProxy = new OneProxyPerWorkload<string>({
    isAlive: (stream) => new Promise((answer) => asked.push({ stream, answer })),
    end: (stream) => told.push(`${stream} ends`),
    refuse: (stream, holder) => told.push(`${stream} is refused for ${holder}`),
    retry: (stream) => told.push(`${stream} ${oneProxy.claim('w', stream) ? 'holds' : 'waits'}`),
  });
  return { oneProxy, asked, told };
}

test('a second one is refused when the first answers', async () => {
  const { oneProxy, asked, told } = started();
  expect(oneProxy.claim('w', 'first')).toBe(true);
  expect(oneProxy.claim('w', 'second')).toBe(false);

  asked[0]?.answer(true);
  await Promise.resolve();
  await Promise.resolve();

  expect(told).toEqual(['second is refused for first']);
});

test.each([true, false])(
  'an answer (alive: %s) that comes when the first has ended does not concern its successor',
  async (isAlive) => {
    const { oneProxy, asked, told } = started();
    oneProxy.claim('w', 'first');
    oneProxy.claim('w', 'second');
    oneProxy.release('first');
    expect(told).toEqual(['second holds']);

    asked[0]?.answer(isAlive);
    await Promise.resolve();
    await Promise.resolve();

    expect(told).toEqual(['second holds']);
  },
);
