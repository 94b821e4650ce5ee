// `meshwright dashboard`: the dashboard of a cluster on a local port. It writes nothing but a token that expires after ten minutes.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { homedir } from 'node:os';
import { parseArgs } from 'node:util';
import { handOver, openPage } from './dashboard/local/browser.ts';
import { Kubectl } from './dashboard/local/kubectl.ts';
import { dashboardHelp, dashboardOptions, readDashboardOptions } from './dashboard/local/options.ts';
import { createProxy } from './dashboard/local/proxy.ts';
import { Tokens } from './dashboard/local/token.ts';
import { Way } from './dashboard/local/way.ts';

async function main(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: dashboardOptions });
  if (values.help === true) {
    process.stdout.write(dashboardHelp);
    return;
  }
  const { kubectl: options, serviceAccount, port, isOpened, operator } = readDashboardOptions(values);
  const stop = new AbortController();
  // SIGHUP: the terminal is closed.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stop.abort());
  const kubectl = new Kubectl(options);
  const tokens = new Tokens(kubectl, serviceAccount, Date.now);
  const way = new Way(kubectl, stop.signal, Date.now);
  const whereIsIt = (): Promise<URL> => (operator === null ? way.get() : Promise.resolve(operator));
  // What does not work is said here, not in the browser.
  await Promise.all([tokens.get(), whereIsIt()]);
  const key = randomBytes(24).toString('hex');
  const proxy = createProxy({ key, tokens, operator: whereIsIt });
  proxy.listen(port, '127.0.0.1');
  await once(proxy, 'listening');
  const address = proxy.address();
  const local = typeof address === 'object' && address !== null ? address.port : port;
  const url = `http://127.0.0.1:${local}/?key=${key}`;
  process.stdout.write(`The dashboard, until Ctrl-C:\n${url}\n`);
  const forget = isOpened ? await open(url) : undefined;
  if (!stop.signal.aborted) await once(stop.signal, 'abort');
  await forget?.();
  proxy.close();
  proxy.closeAllConnections();
}

/** What removes its traces. */
async function open(url: string): Promise<(() => Promise<void>) | undefined> {
  try {
    const { page, remove } = await handOver(url, homedir());
    await openPage(page).catch(async (error: unknown) => {
      await remove();
      throw error;
    });
    return remove;
  } catch (error) {
    process.stderr.write(`${messageOf(error)} Open the address yourself.\n`);
    return undefined;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = 1;
});
