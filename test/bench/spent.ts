// What a stretch of time cost: the figures that scenarios have in common. Pure.
import type { Figures } from './figures.ts';
import type { Collected } from './protocol.ts';
import type { Usage, World } from './world.ts';

export function completed(world: World, { complete, completeAtMs, connectedAtMs }: Collected): Figures {
  return {
    seconds: (completeAtMs - connectedAtMs) / 1000,
    'not complete': world.options.proxies - complete,
  };
}

/** Both ends of it; the loop's delays are those since `before`. */
export function spent(before: Usage, after: Usage): Figures {
  return {
    'cpu s': (after.cpuMs - before.cpuMs) / 1000,
    ...disturbed(before, after),
  };
}

/** How late the server was, and who else was at work: more than a little means that something else was measured, too. */
export function disturbed(before: Usage, after: Usage): Figures {
  const ms = after.atMs - before.atMs;
  const others = after.busy.server - before.busy.server - (after.cpuMs - before.cpuMs);
  return {
    'loop p99 ms': after.loopP99Ms,
    'loop max ms': after.loopMaxMs,
    'others on server core %': (Math.max(0, others) / ms) * 100,
    'client core %': ((after.busy.others - before.busy.others) / ms) * 100,
  };
}
