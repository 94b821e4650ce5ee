// The scenarios: each drives a world in which all proxies are connected and quiet, and returns its figures.
import { coldStart, comeAndGo, reconnect } from './arrivals.ts';
import { churn, edits, editedRoute, refusals, slowReaders } from './changes.ts';
import type { Figures } from './figures.ts';
import type { World } from './world.ts';

export interface Scenario {
  readonly title: string;
  /** `rounds`: how often, where a change is made several times. */
  readonly run: (world: World, rounds: number) => Promise<Figures>;
}

export const scenarios: Readonly<Record<string, Scenario>> = {
  '1': { title: 'S1 cold start', run: coldStart },
  '2': {
    title: 'S2 endpoint change',
    run: edits((round, services) => ({ type: 'endpoint', service: (round * 7) % services })),
  },
  '3': { title: 'S3 route change', run: edits(editedRoute) },
  '4': { title: 'S4 50 changes/s, 30 s', run: churn },
  '5': { title: 'S5 reconnect', run: reconnect },
  '6': { title: 'S6 10 % do not read', run: slowReaders },
  '7': { title: 'S7 10 × all come anew', run: comeAndGo },
  '8': { title: 'S8 all refuse', run: refusals },
};
