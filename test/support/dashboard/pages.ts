// Pages of the dashboard in a real Chromium, and what is wrong with them.
import { createRequire } from 'node:module';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';

const axe = createRequire(import.meta.url).resolve('axe-core');

export class Pages {
  /** What pages said on the console, and whom else they asked. */
  readonly problems: string[] = [];
  readonly #browser: Browser | null;
  readonly #url: () => string;

  /** `url`: of the dashboard. */
  constructor(browser: Browser | null, url: () => string) {
    this.#browser = browser;
    this.#url = url;
  }

  async context(options: BrowserContextOptions = {}): Promise<BrowserContext> {
    if (this.#browser === null) throw new Error('There is no Chromium.');
    return this.#browser.newContext(options);
  }

  /** Resolves when the view is shown. */
  async open(context: BrowserContext, hash: string): Promise<Page> {
    const page = await context.newPage();
    page.on('console', (message) => void this.problems.push(`${hash}: ${message.text()}`));
    page.on('pageerror', (error) => void this.problems.push(`${hash}: ${error.message}`));
    page.on('request', (request) => {
      if (!request.url().startsWith('http://127.0.0.1:'))
        this.problems.push(`${hash}: asks ${request.url()}`);
    });
    await page.goto(this.#url() + hash);
    await page.waitForSelector('h1');
    await page.locator('[role=status] p', { hasText: 'Asking' }).first().waitFor({ state: 'detached' });
    return page;
  }
}

interface Found {
  readonly violations: readonly {
    readonly id: string;
    readonly nodes: readonly { readonly target: unknown }[];
  }[];
}

/** What axe finds. It is brought in as a script, which the policy of the page forbids: the context has to bypass it. */
export async function violationsOn(page: Page): Promise<readonly string[]> {
  await page.addScriptTag({ path: axe });
  return page.evaluate(async () => {
    const found = await (globalThis as unknown as { axe: { run: () => Promise<Found> } }).axe.run();
    return found.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target).join(' ')}`);
  });
}
