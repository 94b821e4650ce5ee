// The rules between rooms fire when they are broken: a small tree that breaks each of them, cruised with our config.
import { afterAll, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

const config = resolve('.dependency-cruiser.cjs');
const tree = mkdtempSync(join(tmpdir(), 'meshwright-arch-'));
afterAll(() => rmSync(tree, { recursive: true, force: true }));

/** File → what it imports, and the rule that forbids it. */
const offences: readonly (readonly [rule: string, file: string, imports: string])[] = [
  ['no-cycles', 'operator/store/ring.ts', './ring-two.ts'],
  ['api-stands-alone', 'api/thing.ts', '../operator/ir/fact.ts'],
  ['ir-stands-alone', 'operator/ir/nosy.ts', '../store/plain.ts'],
  ['envoy-sees-ir-only', 'operator/envoy/resources/nosy.ts', '../../store/plain.ts'],
  ['translate-does-not-know-envoy', 'operator/translate/nosy.ts', '../xds/plain.ts'],
  ['infra-sees-ir-only', 'operator/infra/nosy.ts', '../store/plain.ts'],
  ['store-takes-objects', 'operator/store/nosy.ts', '../xds/plain.ts'],
  ['platform-ends-at-the-store', 'operator/platform/nosy.ts', '../xds/plain.ts'],
  ['xds-does-not-know-the-platform', 'operator/xds/nosy.ts', '../store/plain.ts'],
  ['pure-does-no-io', 'operator/translate/reads.ts', 'node:fs'],
  ['pure-reaches-no-io', 'operator/ir/hidden.ts', './reads-files.ts'],
  ['pure-takes-no-clients', 'operator/translate/calls.ts', '@grpc/grpc-js'],
  ['one-door-to-kubernetes', 'operator/status/calls.ts', '@kubernetes/client-node'],
  ['one-door-to-dot-i', 'operator/platform/kubernetes/other.ts', '@dot-i/k8s-operator'],
  ['no-dep-on-test', 'operator/store/tested.ts', '../../test/thing.ts'],
  ['operator-does-not-know-the-demo', 'operator/store/shown.ts', '../../demo/thing.ts'],
  ['main-is-the-top', 'operator/store/upward.ts', '../main.ts'],
  ['not-reachable-from-main', 'operator/dead.ts', './main.ts'],
];
const others: readonly (readonly [file: string, text: string])[] = [
  ['operator/store/ring-two.ts', "import './ring.ts';"],
  ['operator/ir/fact.ts', 'export const fact = 1;'],
  ['operator/ir/reads-files.ts', "import 'node:fs';"],
  ['operator/store/plain.ts', 'export const plain = 1;'],
  ['operator/xds/plain.ts', 'export const plain = 1;'],
  ['operator/main.ts', 'export const main = 1;'],
  ['test/thing.ts', 'export const thing = 1;'],
  ['demo/thing.ts', 'export const thing = 1;'],
];

interface Cruise {
  readonly summary: {
    readonly violations: readonly {
      readonly from: string;
      readonly to: string;
      readonly rule: { readonly name: string };
    }[];
  };
}

function cruise(): Cruise {
  const files = [...offences.map(([, file, imports]) => [file, `import '${imports}';`] as const), ...others];
  for (const [file, text] of files) {
    mkdirSync(dirname(join(tree, file)), { recursive: true });
    writeFileSync(join(tree, file), `${text}\n`);
  }
  symlinkSync(resolve('node_modules'), join(tree, 'node_modules'));
  const bin = resolve('node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
  const args = [bin, '--config', config, '--output-type', 'json', 'api', 'demo', 'operator', 'test'];
  try {
    return JSON.parse(
      execFileSync(process.execPath, args, { cwd: tree, env: { PATH: process.env['PATH'] } }).toString(),
    ) as Cruise;
  } catch (error) {
    // It exits with the number of violations.
    return JSON.parse(String((error as { stdout: Buffer }).stdout)) as Cruise;
  }
}

const { summary } = cruise();

test.each(offences)('%s stops %s from importing %s', (rule, file) => {
  // A cycle is reported at whichever of its files comes first.
  const fired = summary.violations
    .filter(({ from, to }) => from === file || to === file)
    .map((it) => it.rule.name);

  expect(fired).toContain(rule);
});
