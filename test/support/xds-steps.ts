// Random steps for trials of the session, the shortest that still fail, and how they read.
import type { TypeUrl } from '../../operator/envoy/proto/type-urls.ts';
import type { Entry } from '../../operator/xds/snapshot/types.ts';
import { shortName } from './session-driver.ts';
import type { Step, TrialWorld, Variant } from './xds-trial.ts';
import { CDS, ECDS, EDS, LDS, RDS, RTDS, SDS, VHDS, entry } from './xds-world.ts';

const names: Readonly<Record<TypeUrl, readonly string[]>> = {
  [CDS]: ['a', 'b', 'c', 'd', 'e'],
  [EDS]: ['a', 'b', 'c', 'd', 'e'],
  [LDS]: ['l', 'm', 'n'],
  [RDS]: ['o', 'p'],
  [VHDS]: ['o/1', 'o/2', 'o/3', 'o/4', 'p/1'],
  [SDS]: ['trust', 's'],
  [ECDS]: ['f', 'g', 'h'],
  [RTDS]: ['layer'],
};
const wildcards: readonly TypeUrl[] = [CDS, LDS, VHDS];
const users: readonly TypeUrl[] = [ECDS, LDS, RDS, VHDS];

/** Seeded: the same seed gives the same numbers, from 0 to 1. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return state / 4_294_967_296;
  };
}

export function randomSteps(variant: Variant, seed: number, count: number): readonly Step[] {
  const random = generator(seed);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  const types = [CDS, EDS, LDS, RDS, ...(variant === 'delta' ? [VHDS] : []), SDS, ECDS, RTDS];
  let world: TrialWorld = {};
  const some = (): Step => {
    const dice = random();
    if (dice < 0.3) return { do: 'publish', world: (world = nextWorld(world, types, random)) };
    if (dice < 0.7) return { do: 'answer' };
    if (dice < 0.73) return { do: 'reconnect' };
    if (dice < 0.78) return { do: 'rest' };
    const type = pick(types);
    if (wildcards.includes(type) && random() < 0.8) return { do: 'wildcard', type, held: random() < 0.85 };
    return { do: 'name', type, name: pick(names[type]), held: random() < 0.7 };
  };
  return Array.from({ length: count }, some);
}

function nextWorld(before: TrialWorld, types: readonly TypeUrl[], random: () => number): TrialWorld {
  const next = (type: TypeUrl, name: string): readonly Entry[] => {
    const old = before[type]?.find((it) => it.name === name);
    if (old !== undefined && random() < 0.7) return [old];
    if (random() < 0.3) return [];
    const clusters = users.includes(type) ? names[CDS].filter(() => random() < 0.2) : [];
    const mark = `${random() < 0.15 ? 'bad' : 'v'}${Math.floor(random() * 100)}`;
    // Equal versions are equal content.
    return [entry(name, clusters.length === 0 ? mark : `${mark}(${clusters.join()})`, { clusters })];
  };
  return Object.fromEntries(types.map((type) => [type, names[type].flatMap((name) => next(type, name))]));
}

/** Leaves steps out for as long as `fails`, until none can be spared. */
export function shrink(steps: readonly Step[], fails: (steps: readonly Step[]) => boolean): readonly Step[] {
  let kept = steps;
  for (let size = Math.ceil(kept.length / 2); size >= 1;) {
    const before = kept.length;
    for (let from = kept.length - size; from > -size; from -= size) {
      const without = [...kept.slice(0, Math.max(0, from)), ...kept.slice(from + size)];
      if (fails(without)) kept = without;
    }
    if (size === 1 && kept.length === before) break;
    size = Math.max(1, Math.floor(size / 2));
  }
  return kept;
}

/** Leaves resources out of what is published for as long as `fails`, until none can be spared. */
export function shrinkWorlds(
  steps: readonly Step[],
  fails: (steps: readonly Step[]) => boolean,
): readonly Step[] {
  let kept = steps;
  for (const [at, step] of steps.entries()) {
    if (step.do !== 'publish') continue;
    let { world } = step;
    for (const [type, one] of Object.entries(step.world).flatMap(([key, all]) =>
      all.map((it) => [key, it] as const),
    )) {
      const fewer = { ...world, [type]: world[type as TypeUrl]?.filter((it) => it !== one) ?? [] };
      const without = kept.with(at, { do: 'publish', world: fewer });
      if (fails(without)) [kept, world] = [without, fewer];
    }
  }
  return kept;
}

export function describeStep(step: Step): string {
  switch (step.do) {
    case 'publish':
      return `publish ${Object.entries(step.world)
        .map(([type, entries]) => describeType(type, entries))
        .join('')}`;
    case 'name':
      return `${step.held ? 'subscribe' : 'unsubscribe'} ${shortName(step.type)} ${step.name}`;
    case 'wildcard':
      return `${step.held ? 'subscribe' : 'unsubscribe'} ${shortName(step.type)} *`;
    default:
      return step.do;
  }
}

function describeType(type: string, entries: readonly Entry[]): string {
  if (entries.length === 0) return '';
  return `${shortName(type)} ${entries.map((it) => `${it.name}@${it.version}`).join(' ')}; `;
}
