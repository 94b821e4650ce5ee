// `meshwright dashboard`: the dashboard of a cluster on a local port. It writes nothing but a token that expires after ten minutes.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
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
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  const kubectl = new Kubectl(options);
  const tokens = new Tokens(kubectl, serviceAccount, () => performance.now());
  const way = new Way(kubectl, stop.signal);
  const whereIsIt = (): Promise<URL> => (operator === null ? way.get() : Promise.resolve(operator));
  // What does not work is said here, not in the browser.
  await Promise.all([tokens.get(), whereIsIt()]);
  const key = randomBytes(24).toString('hex');
  const proxy = createProxy({ key, token: () => tokens.get(), operator: whereIsIt });
  proxy.listen(port, '127.0.0.1');
  await once(proxy, 'listening');
  const address = proxy.address();
  const local = typeof address === 'object' && address !== null ? address.port : port;
  const url = `http://127.0.0.1:${local}/?key=${key}`;
  process.stdout.write(`The dashboard, until Ctrl-C:\n${url}\n`);
  if (isOpened) open(url);
  if (!stop.signal.aborted) await once(stop.signal, 'abort');
  proxy.close();
  proxy.closeAllConnections();
}

function open(url: string): void {
  const program = process.platform === 'darwin' ? 'open' : 'xdg-open';
  const child = spawn(program, [url], { stdio: 'ignore', detached: true });
  child.on('error', () => process.stderr.write(`${program} cannot be run. Open the address yourself.\n`));
  child.unref();
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
