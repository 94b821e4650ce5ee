// Every check and every test, one after the other; ends with a line `N passed, N failed`. Entry of `make test`.
// `make test ARGS="unit integration"` runs some of the steps only.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { checkDockerfile } from './static/hadolint.ts';
import { checkMetrics } from './static/promtool.ts';
import type { Verdict } from './static/verdict.ts';

interface Counts {
  readonly passed: number;
  readonly failed: number;
}

interface Step {
  readonly name: string;
  readonly run: () => Counts | Promise<Counts>;
}

// The project's own Node and programs come first, whatever the machine has.
process.env['PATH'] = `${resolve('node_modules/.bin')}:${process.env['PATH'] ?? ''}`;

const scratch = mkdtempSync(join(tmpdir(), 'meshwright-test-'));

/** A command is one test: it passes if it exits with 0. */
function command(name: string, line: string): Step {
  return {
    name,
    run: () => {
      const { status } = spawnSync(line, { shell: true, stdio: 'inherit' });
      return status === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
    },
  };
}

/** A check by somebody else's program: one test, if that program can be had here. */
function check(name: string, run: () => Promise<Verdict>): Step {
  const counts = async (): Promise<Counts> => {
    const verdict = await run();
    return { passed: verdict === 'passed' ? 1 : 0, failed: verdict === 'failed' ? 1 : 0 };
  };
  return { name, run: counts };
}

/** Built once, in minutes, and cached. Without a way to get them their suites say that they are not run; CI needs them. */
function apiServerBinaries(): Step {
  const step = command('binaries', 'node test/support/kubernetes/build.ts');
  const hasGo = spawnSync('go', ['version']).status === 0;
  if (hasGo || process.env['KUBEBUILDER_ASSETS'] !== undefined || process.env['CI'] !== undefined)
    return step;
  const run = (): Counts => {
    process.stdout.write(
      'NOT RUN: the tests against a real API server. They need Go, to build etcd and kube-apiserver, or\n' +
        'KUBEBUILDER_ASSETS, a folder with etcd, kube-apiserver and kubectl.\n',
    );
    return { passed: 0, failed: 0 };
  };
  return { ...step, run };
}

/** Built once and cached, like the API server: without Go its suite says that it is not run; CI needs it. */
function built(name: string, program: string): Step {
  const step = command(name, `node ${program}`);
  if (spawnSync('go', ['version']).status === 0 || process.env['CI'] !== undefined) return step;
  const run = (): Counts => {
    process.stdout.write(`NOT RUN: the tests with the real ${name}. They need Go, to build it.\n`);
    return { passed: 0, failed: 0 };
  };
  return { ...step, run };
}

/** For what the usual version does not have. Its suites say that they are not run without it. */
function newestKubernetes(): Step {
  const step = command('newest Kubernetes', 'node test/support/kubernetes/build.ts newest');
  const run = (): Counts => {
    process.stdout.write('NOT RUN: the tests with the newest Kubernetes. They need Go, to build it.\n');
    return { passed: 0, failed: 0 };
  };
  return spawnSync('go', ['version']).status === 0 ? step : { ...step, run };
}

/** Jest over some folders. `workers`: suites side by side; those that start clusters want one. */
function jest(name: string, folders: readonly string[], workers: number): Step {
  return {
    name,
    run: () => {
      const output = join(scratch, `${name}.json`);
      const line = `jest ${folders.join(' ')} --json --outputFile=${output} --maxWorkers=${workers} --silent=false`;
      const env = { ...process.env, MESHWRIGHT_RUNS: 'all' };
      const { status } = spawnSync(line, { shell: true, stdio: ['ignore', 'ignore', 'inherit'], env });
      return countsOf(output, status);
    },
  };
}

function countsOf(output: string, status: number | null): Counts {
  try {
    const result = JSON.parse(readFileSync(output, 'utf8')) as JestResult;
    // A suite that could not even start has no failed test of its own.
    const failed = result.numFailedTests + result.numRuntimeErrorTestSuites;
    return { passed: result.numPassedTests, failed: failed === 0 && status !== 0 ? 1 : failed };
  } catch {
    return { passed: 0, failed: 1 };
  }
}

interface JestResult {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numRuntimeErrorTestSuites: number;
}

const steps: readonly Step[] = [
  command('typecheck', 'npm run --silent typecheck'),
  command('lint', 'npm run --silent lint'),
  command('format', 'npm run --silent format:check'),
  command('arch', 'npm run --silent arch'),
  command('dead', 'npm run --silent dead'),
  command('generated', 'npm run --silent generate && git diff --exit-code -- config deploy'),
  check('metrics', checkMetrics),
  check('dockerfile', checkDockerfile),
  jest('unit', ['test/unit', 'test/protocol'], 2),
  apiServerBinaries(),
  newestKubernetes(),
  command('cluster tools', 'node test/cluster/prepare.ts --if-possible'),
  built('cert-manager', 'test/support/cert-manager/build.ts'),
  built('OpenTelemetry Collector', 'demo/programs/collector.ts'),
  jest('integration', ['test/integration'], 2),
  jest('e2e', ['test/e2e'], 1),
];

const wanted = process.argv.slice(2);
// All of it runs on clusters of its own: only who asks for the end-to-end tests by name may mean another.
if (wanted.length === 0) delete process.env['KUBECONFIG'];
const total = { passed: 0, failed: 0 };
const broken: string[] = [];
for (const step of steps.filter(({ name }) => wanted.length === 0 || wanted.includes(name))) {
  process.stdout.write(`\n== ${step.name}\n`);
  const start = performance.now();
  const { passed, failed } = await step.run();
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  process.stdout.write(`== ${step.name}: ${passed} passed, ${failed} failed in ${seconds} s\n`);
  total.passed += passed;
  total.failed += failed;
  if (failed > 0) broken.push(step.name);
}
rmSync(scratch, { recursive: true, force: true });
if (broken.length > 0) process.stdout.write(`\nfailed: ${broken.join(', ')}\n`);
process.stdout.write(`\n${total.passed} passed, ${total.failed} failed\n`);
process.exitCode = total.failed === 0 ? 0 : 1;
