// The history of the dashboard: a real Prometheus scrapes a real operator, whose real Envoys count known calls. What the page shows is what
// Prometheus says to a question that is written here; what goes wrong is said on the page, and the rest of it goes on.
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { z } from 'zod';
import type { PrometheusClient } from '../../demo/telemetry/prometheus.ts';
import type { HistoryView } from '../../operator/dashboard/views/json-history.ts';
import { milliseconds, percent, perSecond } from '../../operator/dashboard/web/format.ts';
import type { MeshIr } from '../../operator/ir/mesh-ir.ts';
import { launchChromium } from '../support/chromium.ts';
import { FilesShop } from '../support/dashboard/files-shop.ts';
import { Pages, violationsOn } from '../support/dashboard/pages.ts';
import { Closing } from '../support/data-plane/closing.ts';
import { freePort } from '../support/kubernetes/free-port.ts';
import { poll } from '../support/kubernetes/poll.ts';
import { startPrometheus } from '../support/prometheus/prometheus.ts';

const closing = new Closing();
afterAll(() => closing.close());
const browser = await launchChromium();
const inChromium = browser === null ? test.skip : test;
closing.add(async () => browser?.close());

let shop: FilesShop;
let prometheus: PrometheusClient;
const pages = new Pages(browser, () => shop.dashboard);
afterEach(() => void pages.problems.splice(0));

const reviews = 'service/shop/reviews';
const sent = 200;
const failed = 50;
const window = 300;
/** The last point of a history is of the last whole half minute. */
const grainMs = 30_000;

async function history(id: string, range: string): Promise<HistoryView> {
  return JSON.parse(await shop.view(`history?id=${encodeURIComponent(id)}&range=${range}`)) as HistoryView;
}

/** Until the operator has read the Mesh. */
async function named(url: string): Promise<void> {
  await shop.telemetry({ prometheus: { url } });
  const isKnown = async (): Promise<true | undefined> => {
    const ir = JSON.parse(await shop.operator.ask('/debug/ir')) as MeshIr;
    return ir.settings.prometheusUrl === url || undefined;
  };
  await poll(isKnown, { intervalMs: 50, deadlineMs: 30_000 });
}

const ofReviews = 'reporter="destination",destination_workload="reviews",source_workload="page"';
const counted = `meshwright_requests_total{${ofReviews}}`;

beforeAll(async () => {
  shop = await FilesShop.start(closing);
  const port = Number(new URL(shop.operator.adminAddress).port);
  prometheus = await startPrometheus(
    [{ job: 'meshwright-traffic', path: '/metrics/traffic', port }],
    closing,
  );
  // A rate is of what grows after the first sample: all classes have to have one.
  await shop.call(4);
  const settled = async (atLeast: number): Promise<number> =>
    poll(
      async () => {
        const sum = await prometheus.sum(counted);
        return sum >= atLeast ? sum : undefined;
      },
      { intervalMs: 200, deadlineMs: 60_000 },
    );
  const before = await settled(5);
  await shop.call(sent);
  await settled(before + sent);
}, 180_000);

test('without a Prometheus the page of a range says what to set, and nobody is offered one', async () => {
  expect(JSON.parse(await shop.view('graph'))).toMatchObject({ hasHistory: false });
  expect(await history(reviews, '6h')).toMatchObject({
    problem: expect.stringContaining('Set spec.telemetry.prometheus.url of the Mesh.'),
    points: [],
  });
});

const Matrix = z.object({
  data: z.object({ result: z.array(z.object({ values: z.array(z.tuple([z.number(), z.string()])) })) }),
});

/** What Prometheus says at the last point. */
async function lastOf({ from, to, step }: HistoryView, query: string): Promise<number> {
  const [start, end] = [from, to].map((iso) => String(Date.parse(iso) / 1000));
  const parameters = new URLSearchParams({ query, start: start ?? '', end: end ?? '', step: String(step) });
  const response = await fetch(`${prometheus.origin}/api/v1/query_range?${parameters.toString()}`);
  const { data } = Matrix.parse(await response.json());
  const [time, value] = data.result[0]?.values.at(-1) ?? [0, 'nothing'];
  expect(time).toBe(Number(end));
  return Number(value);
}

test('the history of a Service is what Prometheus says, and what was done', async () => {
  await named(prometheus.origin);
  let unsure = '';
  const view = await poll(
    async () => {
      // A sample comes a moment after the time that it is of: whoever asks before gets an answer without it, for half a minute.
      const scrapedMs = (await prometheus.sum(`max(timestamp(${counted}))`)) * 1000;
      if (scrapedMs < Math.floor(Date.now() / grainMs) * grainMs) return undefined;
      const seen = await history(reviews, '6h');
      if (scrapedMs < Date.parse(seen.to)) unsure = seen.to;
      // The last point is up to half a minute old, and then Prometheus had nothing to tell yet.
      expect(seen.problem ?? 'Prometheus has no data').toContain('Prometheus has no data');
      const isAll = (seen.points.at(-1)?.requests ?? 0) * window >= sent * 0.95;
      return isAll && seen.to !== unsure ? seen : undefined;
    },
    { intervalMs: 1_000, deadlineMs: 120_000 },
  );
  expect(view.problem).toBeNull();
  const last = view.points.at(-1);
  const requests = `sum(rate(${counted}[5m]))`;
  const buckets = `sum by (le) (rate(meshwright_request_duration_seconds_bucket{${ofReviews}}[5m]))`;

  expect(view.points).toHaveLength(121);
  expect(last?.requests).toBeCloseTo(await lastOf(view, requests), 9);
  expect(last?.p50).toBeCloseTo((await lastOf(view, `histogram_quantile(0.5, ${buckets})`)) * 1000, 6);
  expect(last?.p99).toBeCloseTo((await lastOf(view, `histogram_quantile(0.99, ${buckets})`)) * 1000, 6);
  // Prometheus extends what it saw by half a scrape on both sides.
  expect((last?.requests ?? 0) * window).toBeLessThan(sent * 1.2);
  expect(last?.failures).toBeCloseTo(failed / sent, 2);
  expect(view.points[0]?.requests).toBeNull();
  expect(last?.connections).toBeNull();

  const mesh = await history('', '6h');
  expect(mesh.points.at(-1)?.requests).toBeGreaterThan(0);
  expect((await history(reviews, '7d')).points).toHaveLength(169);
}, 150_000);

const address = `#/node/${encodeURIComponent(reviews)}`;
const chart = (page: Page, title: string): ReturnType<Page['getByRole']> =>
  page.getByRole('img', { name: new RegExp(`^${title}, from `) });

inChromium(
  'a range is chosen by keyboard, goes along with links, and the table has what the charts show',
  async () => {
    const context = await pages.context();
    const page = await pages.open(context, address);
    expect(await page.locator('.chart').count()).toBe(0);
    await page.getByRole('link', { name: '6 h' }).focus();
    await page.keyboard.press('Enter');
    await chart(page, 'Requests').waitFor();
    expect(new URL(page.url()).hash).toBe(`${address}?range=6h`);
    expect(await page.getByRole('link', { name: '6 h' }).getAttribute('aria-current')).toBe('true');
    await page.locator('summary').focus();
    await page.keyboard.press('Enter');
    const table = page.getByRole('region', { name: 'Points of the history' });
    await table.waitFor();
    // Within half a minute the page gets the same answer as we do.
    const { shown, label, points } = await poll(
      async () => {
        const before = await history(reviews, '6h');
        await page.reload();
        await page.locator('summary').click();
        await table.waitFor();
        const rows = await table.locator('tbody tr').allTextContents();
        const name = (await chart(page, 'Requests').getAttribute('aria-label')) ?? '';
        const after = await history(reviews, '6h');
        return after.to === before.to ? { shown: rows, label: name, points: after.points } : undefined;
      },
      { intervalMs: 50, deadlineMs: 60_000 },
    );
    const last = points.findLast(({ requests }) => requests !== null);

    expect(shown).toHaveLength(121);
    expect(label).toContain(`last ${perSecond(last?.requests ?? 0)}.`);
    expect(shown.filter((row) => row.includes('/s'))[0]).toContain(
      [perSecond(last?.requests ?? 0), percent(last?.failures ?? 0), milliseconds(last?.p50 ?? 0)].join(''),
    );
    await page.getByRole('link', { name: 'page', exact: true }).first().click();
    await page.locator('h1', { hasText: /^page$/ }).waitFor();
    expect(new URL(page.url()).hash).toContain('?range=6h');
    await page
      .getByRole('status')
      .getByText('Prometheus has no data about this workload for this time range.')
      .waitFor();
    await context.close();
    expect(pages.problems).toEqual([]);
  },
);

inChromium.each(['light', 'dark'] as const)(
  '%s: axe finds nothing in charts and their table',
  async (colorScheme) => {
    const context = await pages.context({ colorScheme, bypassCSP: true });
    for (const hash of [`${address}?range=24h`, '#/?range=6h']) {
      // oxlint-disable no-await-in-loop -- one page after the other
      const page = await pages.open(context, hash);
      await chart(page, 'Duration').waitFor();
      await page.locator('summary').click();
      expect([hash, await violationsOn(page)]).toEqual([hash, []]);
      await page.close();
      // oxlint-enable no-await-in-loop
    }
    await context.close();
    expect(pages.problems).toEqual([]);
  },
);

inChromium('a Prometheus that is gone, or is none: the page says so, and shows all else', async () => {
  const context = await pages.context();
  const dead = await freePort();
  for (const [url, text] of [
    [`http://127.0.0.1:${dead}`, `Prometheus cannot be reached (connect ECONNREFUSED 127.0.0.1:${dead}).`],
    [shop.operator.adminAddress, 'The server does not answer as Prometheus does (HTTP 404).'],
  ] as const) {
    // oxlint-disable no-await-in-loop -- one after the other
    await named(url);
    const page = await pages.open(context, `${address}?range=6h`);
    await page.getByRole('status').getByText(text).waitFor();
    expect(await page.locator('.chart').count()).toBe(0);
    expect(await page.getByRole('region', { name: 'Callers' }).textContent()).toContain('page');
    await page.close();
    // oxlint-enable no-await-in-loop
  }
  await context.close();
  expect(pages.problems).toEqual([]);
});
