// The dashboard as people see it: a real operator, a real Envoy with known traffic, a real Chromium. What is shown is what was done; names
// that hold markup are text; axe finds nothing; the keyboard reaches all.
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import type { GraphView } from '../../operator/dashboard/views/json.ts';
import { launchChromium } from '../support/chromium.ts';
import { startApplication } from '../support/data-plane/applications.ts';
import { addressOf, startDashboard, stopDashboard } from '../support/dashboard/program.ts';
import { call } from '../support/data-plane/callers.ts';
import { Closing } from '../support/data-plane/closing.ts';
import { freePort } from '../support/kubernetes/free-port.ts';
import { poll } from '../support/kubernetes/poll.ts';
import { FilesOperator } from '../support/operator/files-operator.ts';
import { startFilesSidecar } from '../support/operator/files-sidecar.ts';

const closing = new Closing();
afterAll(() => closing.close());
const browser = await launchChromium();
const inChromium = browser === null ? test.skip : test;
closing.add(async () => browser?.close());

let operator: FilesOperator;
let root = '';
let callerPort = 0;
const problems: string[] = [];
const hostile = '<img src=x onerror=alert(1)>';

function manifests(port: number, application: number): string {
  return [
    { kind: 'Mesh', metadata: { name: 'default' }, spec: { trustDomain: 'dash.test' } },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'reviews', namespace: 'shop' },
      spec: { selector: { app: 'reviews' }, ports: [{ name: 'http', port: 9080, targetPort: 'http' }] },
    },
    {
      kind: 'ExternalWorkload',
      metadata: { name: 'reviews', namespace: 'shop', labels: { app: 'reviews' } },
      spec: {
        address: '127.0.0.1',
        serviceAccount: 'reviews',
        ports: [{ name: 'http', port, applicationPort: application }],
      },
    },
    {
      kind: 'ExternalWorkload',
      metadata: { name: 'page', namespace: 'shop', labels: { app: 'page' } },
      spec: {
        address: '127.0.0.1',
        serviceAccount: 'page',
        outbound: [{ service: 'reviews', port: 9080, bindPort: callerPort }],
      },
    },
    {
      kind: 'TrafficPolicy',
      metadata: { name: 'reviews', namespace: 'shop' },
      spec: { targetRefs: [{ kind: 'Service', name: 'reviews' }], timeout: { request: '5s' } },
    },
  ]
    .map((it) => JSON.stringify({ apiVersion: 'meshwright.dev/v1alpha1', ...it }))
    .join('\n---\n');
}

const graph = async (): Promise<GraphView> =>
  JSON.parse(await operator.ask('/dashboard/api/graph?window=60')) as GraphView;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'meshwright-dashboard-'));
  closing.add(() => rm(root, { recursive: true, force: true }));
  const port = await freePort();
  callerPort = await freePort();
  const application = await startApplication('app', closing, ({ url }, response) => {
    response.writeHead(url.startsWith('/broken') ? 500 : 200).end();
  });
  operator = await FilesOperator.in(root, [`--xds-address=127.0.0.1:${await freePort()}`]);
  await operator.put('mesh.yaml', manifests(port, application));
  await operator.start();
  closing.add(() => operator.kill());
  const { state, xdsPort } = operator;
  await Promise.all(
    ['reviews', 'page'].map(async (name) => {
      const envoy = await startFilesSidecar({
        state,
        xdsPort,
        namespace: 'shop',
        name,
        trustDomain: 'dash.test',
        dir: join(root, name),
      });
      closing.add(() => envoy.stop());
    }),
  );
  const isOpen = async (): Promise<true | undefined> =>
    (await call(callerPort).catch(() => null))?.status === 200 || undefined;
  await poll(isOpen, {
    intervalMs: 50,
    deadlineMs: 60_000,
  });
  // One of the first that may have failed is among these.
  for (let sent = 0; sent < 20; sent += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await call(callerPort, { path: sent % 4 === 0 ? '/broken' : '/' });
  }
});

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

const pages = [
  ['#/', 'Service graph'],
  ['#/node/service%2Fshop%2Freviews', 'reviews'],
  ['#/policies', 'Policies'],
  ['#/policy/TrafficPolicy/shop/reviews', 'TrafficPolicy shop/reviews'],
  ['#/audit', 'Audit'],
  ['#/proxies', 'Proxies'],
  ['#/certificates', 'Certificates'],
  ['#/changes', 'Recent changes'],
] as const;

const adminUrl = (): string => `${operator.adminAddress}/dashboard/`;

async function newContext(options: BrowserContextOptions = {}): Promise<BrowserContext> {
  if (browser === null) throw new Error('There is no Chromium.');
  return browser.newContext(options);
}

async function open(context: BrowserContext, hash: string): Promise<Page> {
  const page = await context.newPage();
  page.on('console', (message) => void problems.push(`${hash}: ${message.text()}`));
  page.on('pageerror', (error) => void problems.push(`${hash}: ${error.message}`));
  page.on('request', (request) => {
    if (!request.url().startsWith('http://127.0.0.1:')) problems.push(`${hash}: asks ${request.url()}`);
  });
  await page.goto(adminUrl() + hash);
  await page.waitForSelector('h1');
  await page.locator('[role=status] p').waitFor({ state: 'detached' });
  return page;
}

inChromium.each(['light', 'dark'] as const)(
  '%s: all pages are shown, without an error, and axe finds nothing',
  async (colorScheme) => {
    problems.length = 0;
    // axe is brought in as a script, which the policy of the page forbids.
    const context = await newContext({ colorScheme, bypassCSP: true });
    const axe = createRequire(import.meta.url).resolve('axe-core');
    for (const [hash, title] of pages) {
      // oxlint-disable no-await-in-loop -- one page after the other
      const page = await open(context, hash);
      expect(await page.textContent('h1')).toBe(title);
      await page.addScriptTag({ path: axe });
      const violations = await page.evaluate(async () => {
        const found = await (globalThis as unknown as { axe: { run: () => Promise<Found> } }).axe.run();
        return found.violations.map(
          ({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target).join(' ')}`,
        );
      });
      expect([hash, violations]).toEqual([hash, []]);
      await page.close();
      // oxlint-enable no-await-in-loop
    }
    await context.close();
    expect(problems).toEqual([]);
  },
);

interface Found {
  readonly violations: readonly {
    readonly id: string;
    readonly nodes: readonly { readonly target: unknown }[];
  }[];
}

inChromium(
  'under its own policy: links lead on by keyboard, and what a caller says is no markup',
  async () => {
    problems.length = 0;
    const context = await newContext();
    const page = await open(context, '#/');
    await page.locator('a.node-service').focus();
    await page.keyboard.press('Enter');
    await page.locator('h1:focus', { hasText: /^reviews$/ }).waitFor();

    await page.goto(`${adminUrl()}#/node/${encodeURIComponent(hostile)}`);
    await page.locator('h1', { hasText: hostile }).waitFor();
    expect(await page.locator('main img').count()).toBe(0);
    await context.close();
    expect(problems.filter((it) => !it.includes('404'))).toEqual([]);
  },
);

inChromium(
  '--open: the command line of the browser is without the key, which it finds in a file',
  async () => {
    problems.length = 0;
    const [programs, home] = [join(root, 'programs'), join(root, 'home')];
    await Promise.all([mkdir(programs), mkdir(home)]);
    const scripts = {
      kubectl: 'echo token',
      'xdg-open': 'echo "$@" > "$HOME/opened"',
      open: 'xdg-open "$@"',
    };
    for (const [name, script] of Object.entries(scripts))
      // oxlint-disable-next-line no-await-in-loop -- three
      await writeFile(join(programs, name), `#!/bin/sh\n${script}\n`, { mode: 0o700 });
    const child = startDashboard([`--operator=${operator.adminAddress}`, '--open'], { programs, home });
    closing.add(() => stopDashboard(child));
    const key = new URL(await addressOf(child)).searchParams.get('key');
    const opened = await poll(
      async () => {
        const said = await readFile(join(home, 'opened'), 'utf8').catch(() => '');
        return said.endsWith('\n') ? said.trim() : undefined;
      },
      { intervalMs: 20, deadlineMs: 60_000 },
    );
    const context = await newContext();
    const page = await context.newPage();
    page.on('pageerror', (error) => void problems.push(error.message));
    await page.goto(opened, { waitUntil: 'commit' });
    await page.waitForURL('http://127.0.0.1:*/dashboard/');
    await page.locator('h1', { hasText: 'Service graph' }).waitFor();
    await page.locator('a.node-service').waitFor();
    await context.close();
    await stopDashboard(child);

    expect(key).toHaveLength(48);
    expect(opened).not.toContain(key);
    expect(problems).toEqual([]);
    expect(await readdir(home)).toEqual(['opened']);
  },
);
