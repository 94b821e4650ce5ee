// The dashboard as people see it: a real operator, a real Envoy with known traffic, a real Chromium. What is shown is what was done; names
// that hold markup are text; axe finds nothing; the keyboard reaches all.
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import type { GraphView } from '../../operator/dashboard/views/json.ts';
import { launchChromium } from '../support/chromium.ts';
import { FilesShop } from '../support/dashboard/files-shop.ts';
import { Pages, violationsOn } from '../support/dashboard/pages.ts';
import { addressOf, startDashboard, stopDashboard } from '../support/dashboard/program.ts';
import { Closing } from '../support/data-plane/closing.ts';
import { poll } from '../support/kubernetes/poll.ts';

const closing = new Closing();
afterAll(() => closing.close());
const browser = await launchChromium();
const inChromium = browser === null ? test.skip : test;
closing.add(async () => browser?.close());

let shop: FilesShop;
const hostile = '<img src=x onerror=alert(1)>';

const graph = async (): Promise<GraphView> => JSON.parse(await shop.view('graph?window=60')) as GraphView;

beforeAll(async () => {
  shop = await FilesShop.start(closing);
  // One of the first that may have failed is among these.
  await shop.call(20);
}, 120_000);

test('the numbers are what was done', async () => {
  const shown = await poll(
    async () => {
      const view = await graph();
      const [edge] = view.edges;
      return edge !== undefined && edge.numbers.requests * view.seconds >= 21 ? { view, edge } : undefined;
    },
    { intervalMs: 200, deadlineMs: 60_000 },
  );
  const { view, edge } = shown;
  const requests = edge.numbers.requests * view.seconds;

  expect([edge.from, edge.to]).toEqual(['workload/shop/page', 'service/shop/reviews']);
  expect(Math.round((1 - (edge.numbers.success ?? 0)) * requests)).toBe(5);
  expect(edge.numbers.mtls).toBe(1);
  expect(view.proxies).toEqual({ all: 2, current: 2, rejecting: 0 });
});

const addresses = [
  ['#/', 'Service graph'],
  ['#/node/service%2Fshop%2Freviews', 'reviews'],
  ['#/policies', 'Policies'],
  ['#/policy/TrafficPolicy/shop/reviews', 'TrafficPolicy shop/reviews'],
  ['#/audit', 'Audit'],
  ['#/proxies', 'Proxies'],
  ['#/certificates', 'Certificates'],
  ['#/changes', 'Recent changes'],
] as const;

const pages = new Pages(browser, () => shop.dashboard);
afterEach(() => void pages.problems.splice(0));

inChromium.each(['light', 'dark'] as const)(
  '%s: all pages are shown, without an error, and axe finds nothing',
  async (colorScheme) => {
    const context = await pages.context({ colorScheme, bypassCSP: true });
    for (const [hash, title] of addresses) {
      // oxlint-disable no-await-in-loop -- one page after the other
      const page = await pages.open(context, hash);
      expect(await page.textContent('h1')).toBe(title);
      expect([hash, await violationsOn(page)]).toEqual([hash, []]);
      await page.close();
      // oxlint-enable no-await-in-loop
    }
    await context.close();
    expect(pages.problems).toEqual([]);
  },
);

inChromium(
  'under its own policy: links lead on by keyboard, and what a caller says is no markup',
  async () => {
    const context = await pages.context();
    const page = await pages.open(context, '#/');
    await page.locator('a.node-service').focus();
    await page.keyboard.press('Enter');
    await page.locator('h1:focus', { hasText: /^reviews$/ }).waitFor();

    await page.goto(`${shop.dashboard}#/node/${encodeURIComponent(hostile)}`);
    await page.locator('h1', { hasText: hostile }).waitFor();
    expect(await page.locator('main img').count()).toBe(0);
    await context.close();
    expect(pages.problems.filter((it) => !it.includes('404'))).toEqual([]);
  },
);

inChromium(
  '--open: the command line of the browser is without the key, which it finds in a file',
  async () => {
    const [programs, home] = [join(shop.root, 'programs'), join(shop.root, 'home')];
    await Promise.all([mkdir(programs), mkdir(home)]);
    const scripts = {
      kubectl: 'echo token',
      'xdg-open': 'echo "$@" > "$HOME/opened"',
      open: 'xdg-open "$@"',
    };
    for (const [name, script] of Object.entries(scripts))
      // oxlint-disable-next-line no-await-in-loop -- three
      await writeFile(join(programs, name), `#!/bin/sh\n${script}\n`, { mode: 0o700 });
    const child = startDashboard([`--operator=${shop.operator.adminAddress}`, '--open'], { programs, home });
    closing.add(() => stopDashboard(child));
    const key = new URL(await addressOf(child)).searchParams.get('key');
    const opened = await poll(
      async () => {
        const said = await readFile(join(home, 'opened'), 'utf8').catch(() => '');
        return said.endsWith('\n') ? said.trim() : undefined;
      },
      { intervalMs: 20, deadlineMs: 60_000 },
    );
    const context = await pages.context();
    const page = await context.newPage();
    page.on('pageerror', (error) => void pages.problems.push(error.message));
    await page.goto(opened, { waitUntil: 'commit' });
    await page.waitForURL('http://127.0.0.1:*/dashboard/');
    await page.locator('h1', { hasText: 'Service graph' }).waitFor();
    await page.locator('a.node-service').waitFor();
    await context.close();
    await stopDashboard(child);

    expect(key).toHaveLength(48);
    expect(opened).not.toContain(key);
    expect(pages.problems).toEqual([]);
    expect(await readdir(home)).toEqual(['opened']);
  },
);
