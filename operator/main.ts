// The process: settings → the operator (wiring/operator.ts) → its components started in order → signals.
import { rename, writeFile } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { collectAtRest } from './process/garbage.ts';
import { runComponents } from './process/lifecycle.ts';
import { createLog } from './process/log.ts';
import { createOperator } from './wiring/operator.ts';
import { helpText, processSettings, type Settings, SettingsError } from './process/settings.ts';
import { setUpEngine } from './process/engine.ts';

async function main(): Promise<void> {
  setUpEngine();
  const settings = readSettings();
  if (settings === null) return;
  if (settings.help) {
    process.stdout.write(helpText);
    return;
  }
  const log = createLog(settings.logLevel);
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort(signal));
  const operator = createOperator(settings, log, { name: hostname(), nonce: randomUUID().slice(0, 8) });
  try {
    const running = await runComponents(operator.components, { log, signal: stop.signal });
    void announce(settings, operator.ports(), operator.whenReady);
    collectAtRest();
    try {
      await Promise.race([operator.failed, aborted(stop.signal)]);
    } finally {
      // Also after a failure: what still listens would keep the process alive and look healthy.
      await running.stop();
    }
  } catch (error) {
    log.error({ error }, 'operator stopped');
    process.exitCode = 1;
  }
}

function readSettings(): Settings | null {
  try {
    return processSettings();
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    for (const problem of error.problems) process.stderr.write(`${problem}\n`);
    process.exitCode = 1;
    return null;
  }
}

/** Tells whoever started the operator where it listens, once it serves. */
async function announce(
  settings: Settings,
  ports: { readonly xdsPort: number; readonly adminPort: number },
  whenReady: Promise<void>,
): Promise<void> {
  if (settings.readyFile === undefined) return;
  await whenReady;
  const half = `${settings.readyFile}.part`;
  await writeFile(half, JSON.stringify({ ...ports, pid: process.pid }));
  await rename(half, settings.readyFile);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

void main();
