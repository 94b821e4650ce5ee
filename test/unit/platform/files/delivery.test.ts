// What the sink is told of files as they are edited, broken, taken away and brought back, also over restarts.
import { describe, expect, test } from '@jest/globals';
import { admit } from '../../../../api/admission.ts';
import { type ObjectRef, refKey, refOf, type StoredObject } from '../../../../operator/objects/objects.ts';
import { Delivery } from '../../../../operator/platform/files/delivery.ts';
import { type ParsedFile, parseFile } from '../../../../operator/platform/files/folder/documents.ts';
import { Ledger } from '../../../../operator/platform/files/state/ledger.ts';
import type { Entry, Foreign, ObjectFiles } from '../../../../operator/platform/files/state/object-files.ts';
import type { StatusFiles } from '../../../../operator/platform/files/state/status-files.ts';
import type { ObjectSink } from '../../../../operator/ports/platform.ts';
import { rememberingLog } from '../../../support/remembering-log.ts';

const graceMs = 2_000;

/** A state folder in memory. */
class MemoryFiles implements ObjectFiles {
  readonly entries = new Map<string, Entry>();
  foreign: Foreign = new Map();
  isRefusing = false;

  load: ObjectFiles['load'] = () =>
    Promise.resolve({ entries: [...this.entries.values()], foreign: this.foreign, damaged: [] });
  write(entry: Entry): Promise<void> {
    if (this.isRefusing) return Promise.reject(new Error('no space left on device'));
    this.entries.set(refKey(entry.ref), entry);
    return Promise.resolve();
  }
  remove(ref: ObjectRef): Promise<void> {
    this.entries.delete(refKey(ref));
    return Promise.resolve();
  }
  writeForeign(foreign: Foreign): Promise<void> {
    this.foreign = foreign;
    return Promise.resolve();
  }
}

/** One run of the operator on files that a test edits. */
class Run implements ObjectSink {
  readonly files = new Map<string, ParsedFile>();
  readonly objects = new Map<string, StoredObject>();
  readonly refusals = new Map<string, string>();
  readonly removedStatuses: string[] = [];
  readonly log = rememberingLog();
  nowMs: number;
  nextMs: number | undefined;
  readonly #delivery: Delivery;

  private constructor(ledger: Ledger, nowMs: number) {
    this.nowMs = nowMs;
    const statuses = {
      remove: (ref: ObjectRef) => Promise.resolve(void this.removedStatuses.push(refKey(ref))),
    } as unknown as StatusFiles;
    this.#delivery = new Delivery({
      admit,
      ledger,
      statuses,
      log: this.log.log,
      now: () => this.nowMs,
      deletionGraceMs: graceMs,
    });
  }

  static async on(state: ObjectFiles, files: Record<string, string>, nowMs = 0): Promise<Run> {
    const ledger = new Ledger(state);
    await ledger.load();
    const run = new Run(ledger, nowMs);
    await run.edit(files);
    return run;
  }

  /** undefined: the file is gone. */
  async edit(files: Record<string, string | undefined>): Promise<void> {
    for (const [file, text] of Object.entries(files)) {
      if (text === undefined) this.files.delete(file);
      else this.files.set(file, parseFile(file, text, this.files.get(file)));
    }
    this.nextMs = await this.#delivery.apply(this.files, this);
  }

  async after(ms: number): Promise<void> {
    this.nowMs += ms;
    await this.edit({});
  }

  upsert(object: StoredObject): void {
    this.objects.set(refKey(refOf(object)), object);
    this.refusals.delete(refKey(refOf(object)));
  }
  remove(ref: ObjectRef): void {
    this.objects.delete(refKey(ref));
    this.refusals.delete(refKey(ref));
  }
  reject(ref: ObjectRef, generation: number, problems: readonly string[], instead?: string): void {
    const note = instead === undefined ? '' : ` [${instead}]`;
    this.refusals.set(refKey(ref), `@${generation} ${problems.join(' ')}${note}`);
  }
  synced(): void {}
}

const key = 'SecurityPolicy/shop/guard';
const guard = (action = 'Allow', more = ''): string =>
  [
    'apiVersion: meshwright.dev/v1alpha1',
    'kind: SecurityPolicy',
    `metadata: {name: guard, namespace: shop${more}}`,
    'spec:',
    '  targetRefs: [{kind: Deployment, name: reviews}]',
    '  authorization:',
    '    rules:',
    `    - {name: one, action: ${action}, from: [{serviceAccounts: [shop/productpage]}]}`,
    '',
  ].join('\n');
const service = 'apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\nspec: {}\n';

function inForce(run: Run): { generation: number | undefined; action: unknown } {
  const object = run.objects.get(key);
  const action =
    object?.kind === 'SecurityPolicy' ? object.spec.authorization?.rules?.[0]?.action : undefined;
  return { generation: object?.metadata.generation, action };
}

const broken: readonly (readonly [string, string])[] = [
  ['cannot be parsed', `${guard()}:::[\n`],
  ['has a key twice', `${guard()}spec: {}\n`],
  ['is invalid', guard('Alow')],
  ['is of an unknown kind', guard().replace('SecurityPolicy', 'SecurityPolcy')],
  ['is of another apiVersion', guard().replace('v1alpha1', 'v1')],
  ['is cut off within its name', guard().slice(0, 90)],
  ['ends before its name', guard().slice(0, 60)],
];

describe('a file that is broken', () => {
  test.each(broken)('and %s keeps the last valid version in force, and says so', async (_, text) => {
    const run = await Run.on(new MemoryFiles(), { 'a.yaml': guard() });

    await run.edit({ 'a.yaml': text });
    await run.after(10 * graceMs);

    expect(inForce(run)).toEqual({ generation: 1, action: 'Allow' });
    expect(run.refusals.get(key)).toMatch(/^@[12] a\.yaml, (line|document) \d/);
  });

  test.each(broken)('and %s does so over a restart', async (_, text) => {
    const state = new MemoryFiles();
    await Run.on(state, { 'a.yaml': guard() });

    const run = await Run.on(state, { 'a.yaml': text });
    await run.after(10 * graceMs);
    const again = await Run.on(state, { 'a.yaml': text });
    await again.after(10 * graceMs);

    expect([inForce(run), inForce(again)]).toEqual([
      { generation: 1, action: 'Allow' },
      { generation: 1, action: 'Allow' },
    ]);
    expect(run.refusals.get(key)).toMatch(/^@[12] a\.yaml, (line|document) \d/);
    expect(again.refusals.get(key)).toBe(run.refusals.get(key));
  });

  test('is told with line and reason', async () => {
    const run = await Run.on(new MemoryFiles(), { 'a.yaml': `${service}---\n${guard('Alow')}` });

    expect(run.refusals.get(key)).toMatch(
      '@1 a.yaml, line 13: spec.authorization.rules[0].action is "Alow". Use one of Allow, Deny.',
    );
  });

  test('leaves the other documents of the file alone', async () => {
    const run = await Run.on(new MemoryFiles(), { 'a.yaml': `${guard()}---\n${service}` });

    await run.edit({ 'a.yaml': `${guard()}:::[\n---\n${service.replace('web', 'api')}` });

    expect(run.objects.has('Service/shop/api')).toBe(true);
    expect(inForce(run).action).toBe('Allow');
  });

  test('counts again when it is mended, as the next generation and of the same age', async () => {
    const run = await Run.on(new MemoryFiles(), { 'a.yaml': guard() });
    const before = run.objects.get(key)?.metadata;

    await run.edit({ 'a.yaml': guard('Alow') });
    await run.after(3_600_000);
    await run.edit({ 'a.yaml': guard('Deny') });

    expect(inForce(run)).toEqual({ generation: 3, action: 'Deny' });
    expect(run.objects.get(key)?.metadata).toMatchObject({
      uid: before?.uid,
      creationTimestamp: before?.creationTimestamp,
    });
    expect(run.refusals.size).toBe(0);
  });

  test('is what it was when an edit that could not be read is taken back', async () => {
    const run = await Run.on(new MemoryFiles(), { 'a.yaml': guard() });
    const before = run.objects.get(key);

    await run.edit({ 'a.yaml': `${guard()}:::[\n` });
    await run.edit({ 'a.yaml': guard() });

    expect(run.refusals.size).toBe(0);
    expect(run.objects.get(key)).toEqual(before);
  });
});

describe('a policy of which no valid version is known', () => {
  const closed =
    '[Its last valid version is not known, so every call to its targets is refused until it is corrected.]';

  test.each(broken.slice(0, 3))('closes its targets at a start, if it %s', async (_, text) => {
    const state = new MemoryFiles();

    const run = await Run.on(state, { 'a.yaml': text });
    const again = await Run.on(state, { 'a.yaml': text });

    for (const one of [run, again]) {
      expect(one.objects.get(key)).toMatchObject({
        spec: {
          targetRefs: [{ kind: 'Deployment', name: 'reviews' }],
          authorization: { rules: [{ action: 'Deny', from: [], to: [] }] },
        },
      });
      expect(one.refusals.get(key)).toContain(closed);
    }
  });

  test('opens them again when it is corrected', async () => {
    const run = await Run.on(new MemoryFiles(), { 'a.yaml': guard('Alow') });

    await run.edit({ 'a.yaml': guard() });

    expect(inForce(run)).toEqual({ generation: 2, action: 'Allow' });
    expect(run.refusals.size).toBe(0);
  });

  test.each([
    ['{mode: Strcit}', { mode: 'Strict' }],
    ['{mode: Permissive, transition: {type: Safee}}', { mode: 'Permissive' }],
    ['{mode: Permissive, more: 1}', { mode: 'Strict' }],
    ['Strict', { mode: 'Strict' }],
    [
      '{mode: Permissive, ports: [{port: 9090, mode: Strict}], transition: {type: Safee}}',
      { mode: 'Permissive', ports: [{ port: 9090, mode: 'Strict' }] },
    ],
    [
      '{ports: [{port: 9090, mode: Disabled}], transition: {type: Safee}}',
      { ports: [{ port: 9090, mode: 'Disabled' }] },
    ],
    ['{mode: Permissive, ports: [{port: 9090, mode: Strcit}]}', { mode: 'Strict', ports: [] }],
    ['{mode: Permissive, ports: [{port: metrics, mode: Disabled}]}', { mode: 'Strict', ports: [] }],
  ])('with a mode alone has that mode, or the stricter one: %s', async (mtls, expected) => {
    const text = guard().replace(/ {2}authorization:[^]*/, `  mtls: ${mtls}\n`);

    const run = await Run.on(new MemoryFiles(), { 'a.yaml': text });

    expect(run.objects.get(key)).toMatchObject({ spec: { mtls: expected } });
    expect(run.objects.get(key)).not.toHaveProperty('spec.authorization');
  });

  test('closes the targets that can be read', async () => {
    const targets = '[{kind: Pod, name: a}, {kind: Service, name: b}, 3]';

    const run = await Run.on(new MemoryFiles(), {
      'a.yaml': guard().replace(/targetRefs: .*/, `targetRefs: ${targets}`),
    });

    expect(run.objects.get(key)).toMatchObject({ spec: { targetRefs: [{ kind: 'Service', name: 'b' }] } });
  });

  test('says that nothing is enforced, if no target can be read', async () => {
    const run = await Run.on(new MemoryFiles(), { 'a.yaml': guard().replace('targetRefs', 'targets') });

    expect(run.objects.has(key)).toBe(false);
    expect(run.refusals.get(key)).toContain('[Nothing of it is enforced.]');
  });

  test('has no effect if it comes while the operator runs, also after a restart', async () => {
    const state = new MemoryFiles();
    const run = await Run.on(state, {});

    await run.edit({ 'a.yaml': guard('Alow') });
    const again = await Run.on(state, { 'a.yaml': guard('Alow') });

    expect([run, again].map((one) => one.objects.has(key))).toEqual([false, false]);
    expect(again.refusals.get(key)).toContain('[Nothing of it is enforced.]');
  });
});

describe('an object that is missing', () => {
  test.each<[string, Record<string, string | undefined>]>([
    ['its file is gone', { 'a.yaml': undefined }],
    ['its file is empty', { 'a.yaml': '' }],
    ['its document is gone', { 'a.yaml': service }],
  ])('counts as deleted after a grace: %s', async (_, files) => {
    const run = await Run.on(new MemoryFiles(), { 'a.yaml': `${service}---\n${guard()}` });

    await run.edit(files);
    const next = run.nextMs;
    await run.after(graceMs - 1);
    const before = inForce(run);
    await run.after(1);

    expect(next).toBe(graceMs);
    expect(before.action).toBe('Allow');
    expect(run.objects.has(key)).toBe(false);
    expect(run.removedStatuses).toContain(key);
  });

  test('and comes back in time keeps generation and age, and is not told', async () => {
    const run = await Run.on(new MemoryFiles(), { 'a.yaml': guard() });
    await run.edit({ 'a.yaml': guard('Deny') });
    const before = run.objects.get(key);

    await run.edit({ 'a.yaml': undefined });
    await run.after(graceMs - 1);
    await run.edit({ 'a.yaml': guard('Deny') });
    await run.after(graceMs);

    expect(run.objects.get(key)).toBe(before);
    expect(run.nextMs).toBeUndefined();
  });

  test('and moves to another file is the same object', async () => {
    const run = await Run.on(new MemoryFiles(), { 'a.yaml': guard() });

    await run.edit({ 'a.yaml': undefined });
    await run.edit({ 'b.yaml': guard('Deny') });
    await run.after(graceMs);

    expect(inForce(run)).toEqual({ generation: 2, action: 'Deny' });
  });

  test('when the operator starts has its grace, too', async () => {
    const state = new MemoryFiles();
    await Run.on(state, { 'a.yaml': guard() });

    const run = await Run.on(state, {});
    const atStart = inForce(run);
    await run.after(graceMs);

    expect(atStart).toEqual({ generation: 1, action: 'Allow' });
    expect(run.objects.size).toBe(0);
    expect(state.entries.size).toBe(0);
  });

  test('and was refused stays refused until it is gone', async () => {
    const run = await Run.on(new MemoryFiles(), { 'a.yaml': guard() });

    await run.edit({ 'a.yaml': guard('Alow') });
    await run.edit({ 'a.yaml': undefined });

    expect(run.refusals.has(key)).toBe(true);
  });

  test('beside a new one that is not valid is not deleted, as it may be that one misspelt', async () => {
    const run = await Run.on(new MemoryFiles(), { 'a.yaml': guard() });

    await run.edit({ 'a.yaml': guard('Alow').replace('guard', 'gurad') });
    await run.after(10 * graceMs);

    expect(inForce(run).action).toBe('Allow');
    expect(run.refusals.get(key)).toMatch(
      /SecurityPolicy shop\/guard is missing, and SecurityPolicy shop\/gurad in the same file is not valid/,
    );
  });
});

describe('two documents for one object', () => {
  test('that differ refuse the second, and the object says so until one is gone', async () => {
    const run = await Run.on(new MemoryFiles(), { 'b.yaml': guard() });

    await run.edit({ 'a.yaml': guard('Deny') });
    const during = { ...inForce(run), refusal: run.refusals.get(key) };
    await run.edit({ 'a.yaml': undefined });

    expect(during).toEqual({
      generation: 1,
      action: 'Allow',
      refusal:
        '@1 The object is defined twice, with differences. Only b.yaml, document 1 is used; a.yaml, document 1 is ignored. Remove one of them.',
    });
    expect(run.refusals.size).toBe(0);
  });

  test('keep the one that counted over a restart', async () => {
    const state = new MemoryFiles();
    await Run.on(state, { 'b.yaml': guard() });

    const run = await Run.on(state, { 'a.yaml': guard('Deny'), 'b.yaml': guard() });

    expect(inForce(run).action).toBe('Allow');
  });

  test('that say the same are one', async () => {
    const run = await Run.on(new MemoryFiles(), { 'b.yaml': guard(), 'a.yaml': guard() });

    expect(inForce(run).action).toBe('Allow');
    expect(run.refusals.size).toBe(0);
  });
});

test('labels are told, and are no new generation', async () => {
  const run = await Run.on(new MemoryFiles(), { 'a.yaml': guard() });

  await run.edit({ 'a.yaml': guard('Allow', ', labels: {a: b}') });

  expect(run.objects.get(key)?.metadata).toMatchObject({ generation: 1, labels: { a: 'b' } });
});

test('a document that did not change is not told again', async () => {
  const run = await Run.on(new MemoryFiles(), { 'a.yaml': `${guard()}---\n${service}` });
  const before = run.objects.get(key);

  await run.edit({ 'a.yaml': `# a comment\n${service}---\n${guard()}` });

  expect(run.objects.get(key)).toBe(before);
});

test('a namespace in use is there as long as it is in use', async () => {
  const run = await Run.on(new MemoryFiles(), { 'a.yaml': service });
  const before = run.objects.get('Namespace//shop')?.metadata.labels;

  await run.edit({ 'a.yaml': undefined });
  await run.after(graceMs);

  expect(before).toEqual({ 'kubernetes.io/metadata.name': 'shop', 'meshwright.dev/mesh': 'enabled' });
  expect(run.objects.size).toBe(0);
});

test('a Namespace document that is taken out leaves the namespace to those who use it', async () => {
  const namespace = 'apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {a: b}}\n';
  const run = await Run.on(new MemoryFiles(), { 'a.yaml': service, 'b.yaml': namespace });
  const before = run.objects.get('Namespace//shop')?.metadata.labels;

  await run.edit({ 'b.yaml': undefined });
  await run.after(graceMs);

  expect(before).toEqual({ a: 'b' });
  expect(run.objects.get('Namespace//shop')?.metadata.labels).toHaveProperty(['meshwright.dev/mesh']);
});

test('a state that cannot be saved is told of and tried again; the mesh goes on', async () => {
  const state = new MemoryFiles();
  state.isRefusing = true;

  const run = await Run.on(state, { 'a.yaml': guard() });
  const { nextMs } = run;
  state.isRefusing = false;
  await run.after(nextMs ?? 0);

  expect(run.log.lines.map(({ level }) => level)).toEqual(['error']);
  expect(nextMs).toBeGreaterThan(0);
  expect(inForce(run).action).toBe('Allow');
  expect(state.entries.has(key)).toBe(true);
});

test('a hundred warnings are enough', async () => {
  const wrong = Array.from({ length: 300 }, (_, i) => guard('Alow').replace('guard', `g${i}`));

  const run = await Run.on(new MemoryFiles(), { 'a.yaml': wrong.join('---\n') });

  expect(run.log.lines).toHaveLength(101);
});
