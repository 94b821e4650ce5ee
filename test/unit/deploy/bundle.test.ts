// The files that the image runs: whole, small, and of characters that Node keeps in one byte.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { spawn, spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { build } from 'esbuild';
import { bundleFiles } from '../../../deploy/bundle/bundle.ts';
import { definitionsAsText } from '../../../deploy/bundle/plugins.ts';
import { definitions } from '../../../operator/wiring/definitions.ts';
import { interceptionProgram } from '../../../operator/infra/sidecar.ts';
import { bundleInto } from '../../support/bundle.ts';
import { poll } from '../../support/kubernetes/poll.ts';

const mesh = {
  apiVersion: 'meshwright.dev/v1alpha1',
  kind: 'Mesh',
  metadata: { name: 'default' },
  spec: {},
};

/** Far from the project: no node_modules is in reach. */
const folder = mkdtempSync(join(tmpdir(), 'meshwright-bundle-'));
beforeAll(() => bundleInto(folder));
afterAll(() => rmSync(folder, { recursive: true }));

function run(program: string, ...args: readonly string[]): SpawnSyncReturns<string> {
  return spawnSync(process.execPath, [join(folder, program), ...args], { encoding: 'utf8', cwd: folder });
}

describe('the bundle', () => {
  test('is all that it says it is', () => {
    expect(readdirSync(folder).toSorted()).toEqual([...bundleFiles].toSorted());
  });

  test.each(['main', 'check', 'dashboard', 'explain', 'networkpolicy', 'suggest', 'uninstall', 'intercept'])(
    '%s.cjs has no character beyond Latin-1',
    (program) => {
      // oxlint-disable-next-line no-control-regex -- from the first to the last of them
      expect(/[^\u0000-\u00FF]/.exec(readFileSync(join(folder, `${program}.cjs`), 'utf8'))).toBeNull();
    },
  );

  test('leaves out what it does not use of the Kubernetes client', () => {
    expect(readFileSync(join(folder, 'main.cjs')).byteLength).toBeLessThan(5_000_000);
  });

  test('has the definitions of our kinds as JSON, as they are made of the schemas', async () => {
    const { outputFiles } = await build({
      entryPoints: [join(import.meta.dirname, '../../../operator/wiring/definitions.ts')],
      bundle: true,
      format: 'iife',
      globalName: 'made',
      write: false,
      plugins: [definitionsAsText],
    });
    const program = outputFiles[0]?.text ?? '';

    // Nothing is left to make them of.
    expect(program).not.toContain('node_modules/zod');
    expect(runInNewContext(`${program}; JSON.stringify(made.definitions())`)).toBe(
      JSON.stringify(definitions()),
    );
  });

  test('holds the dashboard', () => {
    expect(readFileSync(join(folder, 'main.cjs'), 'utf8')).toContain('<title>Meshwright</title>');
  });

  test('comes with the licenses of what it holds', () => {
    const licenses = readFileSync(join(folder, 'third-party-licenses.txt'), 'utf8');

    expect(licenses).toMatch(/^@grpc\/grpc-js 1\.\d+\.\d+: Apache-2\.0$/m);
    expect(licenses).toMatch(/^zod 4\.\d+\.\d+: MIT$/m);
    expect(licenses).toMatch(/^preact 11\.\d+\.\d+: MIT$/m);
  });
});

describe('without anything of node_modules', () => {
  test('the operator says how it is used', () => {
    const { stdout, stderr, status } = run('main.cjs', '--help');

    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^Usage: meshwright/);
  });

  test('the operator serves what a folder says, and ends when it is told to', async () => {
    const files = mkdtempSync(join(tmpdir(), 'meshwright-files-'));
    writeFileSync(join(files, 'mesh.yaml'), JSON.stringify(mesh));
    const readyFile = join(files, 'ready.json');
    const options = ['--platform', 'files', '--files', files, '--state', join(files, 'state')];
    const addresses = ['--xds-address', '127.0.0.1:0', '--admin-address', '127.0.0.1:0'];
    const operator = spawn(
      process.execPath,
      [join(folder, 'main.cjs'), ...options, ...addresses, '--ready-file', readyFile],
      { stdio: 'ignore' },
    );
    const ended = once(operator, 'exit');

    await poll(() => Promise.resolve(existsSync(readyFile) || undefined), {
      intervalMs: 20,
      deadlineMs: 60_000,
    });
    operator.kill('SIGTERM');

    expect(await ended).toEqual([0, null]);
    rmSync(files, { recursive: true });
  });

  test.each(['uninstall', 'check', 'explain', 'networkpolicy', 'suggest'])(
    '`meshwright %s` says how it is used',
    (program) => {
      const { stdout, stderr, status } = run(`${program}.cjs`, '--help');

      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(stdout).toMatch(new RegExp(`^Usage: meshwright ${program}`));
    },
  );

  test('the init container says which variable is missing', () => {
    const { stderr, status } = run(interceptionProgram);

    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: 'The variable POD_IP is not set.\n',
    });
  });
});
