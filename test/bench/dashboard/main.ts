// `make bench S=dashboard`: how soon a real Chromium shows the service graph, and how smoothly it goes on. See ../README.md.
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { askPrometheus } from '../../../operator/dashboard/history/ask-prometheus.ts';
import { createDashboard } from '../../../operator/dashboard/section.ts';
import { createAdminServer } from '../../../operator/admin/server.ts';
import { createLog } from '../../../operator/process/log.ts';
import { systemClock } from '../../../operator/process/clock.ts';
import { createMetrics } from '../../../operator/process/metrics.ts';
import { launchChromium } from '../../support/chromium.ts';
import { Closing } from '../../support/data-plane/closing.ts';
import { noDebugPages } from '../../support/no-debug-pages.ts';
import { type Figures, rowsOf } from '../figures.ts';
import { tableOf } from '../table.ts';
import { BusyMesh } from './busy-mesh.ts';

const workloads = 60;
/** Four looks. */
const watchedMs = 20_000;
const targets: Readonly<Record<string, number>> = { 'first view ms': 1_000, 'cpu ms/look': 50 };

export async function benchDashboard(rounds: number, screenshots: string | undefined): Promise<void> {
  const closing = new Closing();
  try {
    const address = await serve(closing);
    const browser = await launchChromium();
    if (browser === null) throw new Error('There is no Chromium.');
    closing.add(() => browser.close());
    const opened: Figures[] = [];
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    for (let round = 0; round < rounds; round += 1) opened.push(await open(browser, address));
    const watched = await watch(browser, address);
    const scenarios = [
      [`${workloads} workloads, opened`, opened],
      [`${workloads} workloads, watched and scrolled`, [watched]],
    ] as const;
    const rows = scenarios.flatMap(([scenario, runs]) =>
      rowsOf(runs).map((row) => ({ ...row, scenario, target: targets[row.figure] })),
    );
    process.stdout.write(tableOf('Dashboard', rows));
    if (screenshots !== undefined) await shoot(browser, address, screenshots);
  } finally {
    await closing.close();
  }
}

/** The operator's own server, of a mesh that is made up. */
async function serve(closing: Closing): Promise<string> {
  const mesh = new BusyMesh(workloads);
  const metrics = createMetrics();
  closing.add(async () => metrics.close());
  const admin = createAdminServer({
    address: { host: '127.0.0.1', port: 0 },
    log: createLog('silent'),
    metrics,
    trafficMetrics: () => ({ type: 'text/plain', pieces: [] }),
    components: () => [],
    sections: new Map([
      [
        'dashboard',
        createDashboard({ source: () => mesh.source(), access: null, clock: systemClock, askPrometheus }),
      ],
    ]),
    debug: noDebugPages,
  });
  await admin.start();
  closing.add(() => admin.stop());
  return `http://127.0.0.1:${admin.port()}/dashboard/`;
}

/** Runs in the page, before its own script: when the whole graph was painted, since the navigation began, and how long each frame took. */
const remember = `
  globalThis.marks = { frames: [] };
  let isNoted = false;
  marks.drawn = new Promise((resolve) => { marks.isDrawn = resolve; });
  let before = 0;
  const frame = (at) => {
    if (before > 0) marks.frames.push(at - before);
    before = at;
    const isDrawn = document.querySelectorAll('svg a.node').length >= ${workloads};
    // In this frame it is laid out; when the next begins, it has been painted.
    if (isDrawn && !isNoted) {
      isNoted = true;
      requestAnimationFrame(() => marks.isDrawn(performance.now()));
    }
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
`;

/** With nothing in the cache of the browser. */
async function open(browser: Browser, address: string): Promise<Figures> {
  const page = await begin(browser, address);
  const ms = await drawn(page);
  await page.context().close();
  return { 'first view ms': ms };
}

async function begin(browser: Browser, address: string, options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  const page = await context.newPage();
  await page.addInitScript({ content: remember });
  await page.goto(address);
  return page;
}

function drawn(page: Page): Promise<number> {
  return page.evaluate<number>('marks.drawn');
}

/** While numbers change, the graph is scrolled to and fro, and the pointer is moved over it. */
async function watch(browser: Browser, address: string): Promise<Figures> {
  const page = await begin(browser, address);
  await drawn(page);
  const box = await page.locator('.graph').boundingBox();
  const { x, y } = box ?? { x: 0, y: 0 };
  let looks = 0;
  page.on('response', (response) => void (looks += response.url().includes('/api/') ? 1 : 0));
  const spent = await workOf(page);
  const before = await spent();
  await page.evaluate('marks.frames.splice(0)');
  const end = performance.now() + watchedMs;
  for (let step = 0; performance.now() < end; step += 1) {
    const isForth = Math.floor(step / 20) % 2 === 0;
    // oxlint-disable-next-line no-await-in-loop -- one move after the other, as by a hand
    await page.mouse.move(x + 200 + (step % 40) * 10, y + 100 + (step % 20) * 10);
    // oxlint-disable-next-line no-await-in-loop
    await page.mouse.wheel(isForth ? 60 : -60, isForth ? 30 : -30);
    // oxlint-disable-next-line no-await-in-loop
    await page.evaluate('new Promise(requestAnimationFrame)');
  }
  const frames = await page.evaluate<readonly number[]>('marks.frames');
  const work = (await spent()) - before;
  await page.context().close();
  const sorted = frames.toSorted((a, b) => a - b);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  return {
    frames: frames.length,
    'median frame ms': at(0.5),
    'p95 frame ms': at(0.95),
    'worst frame ms': at(1),
    'frames over 50 ms': frames.filter((ms) => ms > 50).length,
    'cpu ms/look': work / looks,
  };
}

/** Milliseconds that the page's thread has worked, without what others on the machine took from it. */
async function workOf(page: Page): Promise<() => Promise<number>> {
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  return async () => {
    const { metrics } = await session.send('Performance.getMetrics');
    const parts = ['ScriptDuration', 'LayoutDuration', 'RecalcStyleDuration'];
    const seconds = metrics.filter(({ name }) => parts.includes(name)).map(({ value }) => value);
    return 1_000 * seconds.reduce((sum, value) => sum + value, 0);
  };
}

async function shoot(browser: Browser, address: string, folder: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    // oxlint-disable no-await-in-loop -- one after the other
    const page = await begin(browser, address, { colorScheme });
    await drawn(page);
    await page.screenshot({ path: `${folder}/graph-${colorScheme}.png` });
    await page.click('.graph-bar button');
    await page.screenshot({ path: `${folder}/graph-${colorScheme}-whole.png` });
    await page.context().close();
    // oxlint-enable no-await-in-loop
  }
}
