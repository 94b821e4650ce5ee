import * as fc from 'fast-check';
import { describe, expect, test } from '@jest/globals';
import {
  beginRotation,
  isRotationDue,
  nextStep,
  type ProxyProof,
  type Rotation,
  type RotationPhase,
  type Situation,
} from '../../../operator/certificates/rotation.ts';
import { sampleRootRotation } from '../../support/mesh-samples.ts';
import { RotationWorld } from './rotation-world.ts';
import { runs } from '../../support/runs.ts';

const now = 5_000_700;
const dayMs = 24 * 3_600_000;

function proxy(parts: Partial<ProxyProof> = {}): ProxyProof {
  const leaf = { root: 'signer', issuedMs: 5_001_000 };
  return {
    workload: 'Pod/shop/a',
    isConnected: true,
    missingSince: null,
    hasPublishedTrust: true,
    leaf,
    ...parts,
  };
}

function situation(parts: Partial<Situation> & { readonly proxies?: readonly ProxyProof[] } = {}): Situation {
  const { proxies = [proxy()], ...rest } = parts;
  const wanted = { trust: 'bundle', signer: 'signer' };
  const evidence = { publishedTrust: 'bundle', proxies };
  return { now, isAborted: false, wanted, evidence, isOperatorReady: true, ...rest };
}

function inPhase(phase: RotationPhase, parts: Partial<Rotation> = {}): Rotation {
  const leavesFromMs = phase === 'Switch' ? 5_001_000 : 0;
  return { ...beginRotation(4_000_000), phase, leavesFromMs, ...parts };
}

describe('a phase goes on', () => {
  test.each<[RotationPhase, object]>([
    ['Prepare', { swaps: false, rotation: { phase: 'TrustBoth', ownSigner: 'signer' } }],
    [
      'TrustBoth',
      { swaps: true, rotation: { phase: 'Switch', ownSigner: 'other', leavesFromMs: 5_001_000 } },
    ],
    ['Switch', { swaps: false, rotation: { phase: 'Retire', ownSigner: 'signer' } }],
  ])('from %s, and the clock of the next begins', (phase, expected) => {
    const step = nextStep(inPhase(phase), situation());

    expect(step).toMatchObject({ type: 'go', ...expected });
    expect(step).toMatchObject({ rotation: { startedMs: 4_000_000, sinceMs: now, isBack: false } });
  });

  test('from Retire to the end', () => {
    expect(nextStep(inPhase('Retire'), situation())).toEqual({ type: 'end', outcome: 'Completed' });
    expect(nextStep(inPhase('Retire', { isBack: true }), situation())).toEqual({
      type: 'end',
      outcome: 'Aborted',
    });
  });

  test('without any sidecar', () => {
    expect(nextStep(inPhase('Switch'), situation({ proxies: [] })).type).toBe('go');
  });
});

describe('a phase waits, however long it takes', () => {
  const late = { now: now + 10_000 * dayMs };
  const ignorant = proxy({ hasPublishedTrust: false });

  test.each<[string, RotationPhase, ProxyProof]>([
    ['trusts other roots', 'TrustBoth', ignorant],
    ['trusts other roots', 'Retire', ignorant],
    ['trusts other roots', 'Switch', ignorant],
    ['shows a certificate of the other root', 'Switch', proxy({ leaf: { root: 'other', issuedMs: now } })],
    ['shows a certificate from before', 'Switch', proxy({ leaf: { root: 'signer', issuedMs: 5_000_000 } })],
    ['shows none', 'Switch', proxy({ leaf: null })],
    ['is out of reach', 'TrustBoth', proxy({ isConnected: false, hasPublishedTrust: false })],
  ])('while a sidecar %s (%s %#)', (_, phase, holder) => {
    const step = nextStep(inPhase(phase), situation({ ...late, proxies: [proxy(), holder] }));

    expect(step).toEqual({ type: 'wait', obstacle: { type: 'proxies', proxies: [holder] } });
  });

  test.each<RotationPhase>(['Prepare', 'TrustBoth', 'Switch', 'Retire'])(
    'while the operator is not ready (%s)',
    (phase) => {
      const step = nextStep(inPhase(phase), situation({ ...late, isOperatorReady: false }));

      expect(step).toEqual({ type: 'wait', obstacle: { type: 'operator' } });
    },
  );

  test.each<RotationPhase>(['TrustBoth', 'Switch', 'Retire'])(
    'while other roots are published (%s)',
    (phase) => {
      const evidence = { publishedTrust: 'of before', proxies: [proxy()] };

      expect(nextStep(inPhase(phase), situation({ evidence })).type).toBe('wait');
    },
  );
});

describe('an abort', () => {
  const aborted = situation({ isAborted: true, proxies: [proxy({ hasPublishedTrust: false, leaf: null })] });

  test('in Prepare ends at once', () => {
    expect(nextStep(inPhase('Prepare'), aborted)).toEqual({ type: 'end', outcome: 'Aborted' });
  });

  test.each<[RotationPhase, RotationPhase, boolean]>([
    ['TrustBoth', 'Retire', false],
    ['Switch', 'Switch', true],
    ['Retire', 'TrustBoth', false],
  ])('in %s goes back by %s at once, whatever sidecars have', (phase, next, swaps) => {
    const step = nextStep(inPhase(phase), aborted);

    expect(step).toMatchObject({ type: 'go', swaps, rotation: { phase: next, isBack: true, sinceMs: now } });
  });

  test('in Switch leaves the certificate of the operator as it is, and wants leaves from now on', () => {
    const step = nextStep(inPhase('Switch', { ownSigner: 'other' }), aborted);

    expect(step).toMatchObject({ rotation: { ownSigner: 'signer', leavesFromMs: 5_001_000 } });
  });

  test('is not aborted itself: it waits like a rotation', () => {
    expect(nextStep(inPhase('Switch', { isBack: true }), aborted).type).toBe('wait');
  });
});

describe('a rotation is due', () => {
  const builtIn = { isPlugged: false, isToChange: false };
  const root = { issuedMs: 1_000_000, notAfterMs: 100 * dayMs, isOurs: true, ...builtIn };
  test.each([
    ['because the root was issued before the time', { issuedAfterMs: 2_000_000 }, {}, true],
    ['not because of a time to come', { issuedAfterMs: now + 1 }, {}, false],
    ['not because of the very second of its issue', { issuedAfterMs: 1_000_999 }, {}, false],
    ['because it ends soon', { renewBeforeMs: 100 * dayMs - now }, {}, true],
    ['not because it ends later', { renewBeforeMs: 100 * dayMs - now - 1 }, {}, false],
    [
      'not because one that a user brought ends soon',
      { renewBeforeMs: 100 * dayMs },
      { isOurs: false },
      false,
    ],
    ['if one that a user brought is too old', { issuedAfterMs: 2_000_000 }, { isOurs: false }, true],
    ['never while rotations are aborted', { issuedAfterMs: 2_000_000, mode: 'Abort' }, {}, false],
  ] as const)('%s', (_, wish, facts, expected) => {
    expect(isRotationDue({ ...root, ...facts }, { ...sampleRootRotation, ...wish }, now)).toBe(expected);
  });
});

describe('in any order of events', () => {
  type Event = readonly [name: keyof typeof events, index: number];
  const events = {
    begin: (world: RotationWorld) => world.begin(),
    step: (world: RotationWorld) => void world.step(),
    abort: (world: RotationWorld) => void (world.isAborted = true),
    proceed: (world: RotationWorld) => void (world.isAborted = false),
    restart: (world: RotationWorld) => world.restartOperator(),
    wait: (world: RotationWorld, index: number) => void (world.now += index * 300),
    add: (world: RotationWorld) => world.addSidecar(),
    remove: (world: RotationWorld, index: number) => world.deleteSidecar(index),
    connect: (world: RotationWorld, index: number) => world.connect(index),
    disconnect: (world: RotationWorld, index: number) => world.disconnect(index),
    takeTrust: (world: RotationWorld, index: number) => world.takeTrust(index),
    acknowledge: (world: RotationWorld, index: number) => world.acknowledge(index),
    issue: (world: RotationWorld, index: number) => world.issue(index),
    fetch: (world: RotationWorld, index: number) => world.fetch(index),
    sync: (world: RotationWorld, index: number) => world.sync(index),
    /** What mostly happens to one. */
    obey: (world: RotationWorld, index: number) => obey(world, index),
    obeyAll: (world: RotationWorld) => obeyAll(world),
  };

  function obey(world: RotationWorld, index: number): void {
    world.issue(index);
    world.fetch(index);
    world.sync(index);
    world.disconnect(index);
    world.connect(index);
    world.takeTrust(index);
    world.acknowledge(index);
  }

  function obeyAll(world: RotationWorld): void {
    for (const index of world.sidecars.keys()) obey(world, index);
  }

  const names = Object.keys(events) as (keyof typeof events)[];
  // Else hardly any history would come to an end.
  const event = fc.oneof(
    { weight: 3, arbitrary: fc.constant('step' as const) },
    { weight: 2, arbitrary: fc.constantFrom('obey' as const, 'obeyAll' as const, 'begin' as const) },
    { weight: 6, arbitrary: fc.constantFrom(...names) },
  );
  const history = fc.array(fc.tuple(event, fc.nat(4)), { maxLength: 120, size: 'max' });

  const all = (name: keyof typeof events): readonly Event[] => [0, 1, 2].map((index) => [name, index]);
  const toSwitch = [
    ['begin', 0],
    ['step', 0],
    ...all('takeTrust'),
    ...all('acknowledge'),
    ['step', 0],
  ] as Event[];
  /** No file of a sidecar holds the other root yet when the way back begins. */
  const abortBeforeFiles: Event[] = [...toSwitch, ['abort', 0], ['step', 0], ['step', 0]];
  /** A kubelet writes what it read before the way back began, when all others are back. */
  const abortBeforeSync: Event[] = [
    ...toSwitch,
    ...([...all('issue'), ['fetch', 0], ['abort', 0], ['step', 0], ['issue', 0]] as Event[]),
    ...([
      ['obey', 1],
      ['obey', 2],
      ['step', 0],
      ['takeTrust', 1],
      ['sync', 0],
    ] as Event[]),
  ];

  function play(happened: readonly Event[]): RotationWorld {
    const world = new RotationWorld(3);
    for (const [at, [name, index]] of happened.entries()) {
      events[name](world, index);
      const refusals = world.refusals();
      if (refusals.length > 0) throw new Error(`after ${at + 1} events: ${refusals.join(', ')}`);
    }
    return world;
  }

  test('nobody is ever refused', () => {
    fc.assert(
      fc.property(history, (happened) => expect(play(happened).refusals()).toEqual([])),
      { ...runs(3000), examples: [[abortBeforeFiles], [abortBeforeSync]] },
    );
  });

  test('and once sidecars do what they are asked for, the rotation ends', () => {
    fc.assert(
      fc.property(history, fc.boolean(), (happened, isAborted) => {
        const world = play([...happened, ['begin', 0]]);
        world.isAborted = isAborted;
        for (let phase = 0; phase < 8; phase += 1) {
          world.now += 1000;
          obeyAll(world);
          world.step();
        }
        expect([world.rotation, world.refusals()]).toEqual([null, []]);
      }),
    );
  });

  test('the histories rotate, abort and come to an end often enough to mean something', () => {
    const outcomes = fc
      .sample(history, { numRuns: 1000, seed: 1 })
      .flatMap((happened) => play(happened).outcomes);

    expect(outcomes.filter((it) => it === 'Completed').length).toBeGreaterThan(10);
    expect(outcomes.filter((it) => it === 'Aborted').length).toBeGreaterThan(10);
  });
});
