// A real Chromium for tests: that of PATH, or the build that the npm package @sparticuz/chromium brings, unpacked into the cache.
// Entry: launchChromium; null where there is none, which was said loudly.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { buildOnce } from '../../demo/programs/build-once.ts';
import { isOnPath, cacheFolder } from '../../demo/programs/cache.ts';
import { mustRun } from '../../demo/wheel.ts';
import { notRun, print } from '../static/verdict.ts';

const version = '153.0.0';

export async function launchChromium(): Promise<Browser | null> {
  try {
    const executablePath = await findChromium();
    return await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
  } catch (error) {
    notRun(`tests in Chromium (${String(error)})`, 'Put chromium on the PATH.');
    return null;
  }
}

async function findChromium(): Promise<string> {
  if (isOnPath('chromium'))
    return spawnSync('sh', ['-c', 'command -v chromium'], { encoding: 'utf8' }).stdout.trim();
  const folder = await buildOnce(
    { folder: cacheFolder(`chromium-${version}`), programs: ['chromium'], fill: fetchFromNpm },
    print,
  );
  return join(folder, 'chromium');
}

/** Its program unpacks the browser into the folder for temporary files. */
async function fetchFromNpm(work: string, out: string): Promise<void> {
  print(`fetching Chromium from the npm package @sparticuz/chromium ${version}`);
  const unpack = `import('@sparticuz/chromium').then(({ default: it }) => it.executablePath())`;
  const steps = [
    `cd ${work}`,
    'echo {} > package.json',
    `npm install --ignore-scripts --no-audit --no-fund --loglevel=error @sparticuz/chromium@${version}`,
    `TMPDIR=${out} ${process.execPath} --eval "${unpack}"`,
  ];
  await mustRun(['sh', '-c', steps.join(' && ')], 'Chromium cannot be fetched');
}
