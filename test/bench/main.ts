// `make bench`: the scenarios, each world with a server process of its own, clients in another. Prints figures; commits
// nothing. See README.md for what they mean.
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { scenarios, type Figures } from './scenarios.ts';
import { World } from './world.ts';

const { values } = parseArgs({
  options: {
    s: { type: 'string', default: '1,2,3,4,5' },
    n: { type: 'string', default: '1000' },
    m: { type: 'string', default: '1000' },
    rounds: { type: 'string', default: '20' },
    plain: { type: 'boolean', default: false },
    /** A folder for a CPU profile of the server in each scenario. */
    profile: { type: 'string' },
  },
});
const endpoints = 10;

function show(title: string, figures: Figures): void {
  const text = Object.entries(figures).map(
    ([name, value]) => `${name}=${typeof value === 'number' ? Number(value.toPrecision(4)) : value}`,
  );
  process.stdout.write(`${title.padEnd(22)} ${text.join('  ')}\n`);
}

async function play(world: World, id: string): Promise<void> {
  const scenario = scenarios[id];
  if (scenario === undefined)
    throw new Error(`there is no scenario ${id}: choose of ${Object.keys(scenarios).join()}`);
  const { proxies, services } = world.options;
  if (values.profile !== undefined) await world.event({ type: 'profile', file: null });
  show(scenario.title, await scenario.run(world, Number(values.rounds)));
  if (values.profile === undefined) return;
  mkdirSync(values.profile, { recursive: true });
  const file = resolve(join(values.profile, `s${id}-n${proxies}-m${services}.cpuprofile`));
  await world.event({ type: 'profile', file });
}

async function playAll(proxies: number, services: number): Promise<void> {
  const wanted = values.s.split(',');
  const world = new World({ proxies, services, endpoints, tls: !values.plain });
  try {
    const { startMs } = await world.start(wanted.includes('5'));
    const transport = values.plain ? 'plaintext' : 'mTLS';
    process.stdout.write(
      `\nN=${proxies} proxies, M=${services} services × ${endpoints} endpoints, ${transport}\n`,
    );
    await world.event({ type: 'collect-garbage' });
    const { rssMb, heapMb, externalMb } = await world.usage();
    show('S0 ready', {
      'first snapshot ms': startMs,
      'base MB': rssMb,
      'heap MB': heapMb,
      'external MB': externalMb,
    });
    if (!wanted.includes('1')) {
      world.tell({ type: 'connect' });
      await world.complete(120_000);
      await world.quiet(300);
    }
    for (const id of wanted) await play(world, id);
  } finally {
    world.end();
  }
}

for (const n of values.n.split(',')) {
  for (const m of values.m.split(',')) await playAll(Number(n), Number(m));
}
