// What the example of a plug-in (docs/examples/telemetry/plugin) has printed of the shop.
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { nameOf } from './collector.ts';
import { anyone, figureKey, type Readings } from './figures.ts';

export const pluginProgram = 'docs/examples/telemetry/plugin/main.mjs';

const Line = z.union([
  z.object({ refused: z.string(), from: z.string(), by: z.string() }),
  z.object({ workload: z.string(), served: z.number() }),
]);

export async function readPlugin(output: string): Promise<Readings> {
  const readings = new Map<string, number>();
  const text = await readFile(output, 'utf8').catch(() => '');
  for (const line of text.split('\n').slice(0, -1)) {
    const { data } = Line.safeParse(JSON.parse(line));
    if (data === undefined) continue;
    if ('served' in data) {
      readings.set(figureKey({ from: anyone, to: nameOf(data.workload) }, 'requests'), data.served);
    } else {
      const key = figureKey({ from: nameOf(data.from), to: nameOf(data.by) }, 'refused');
      readings.set(key, (readings.get(key) ?? 0) + 1);
    }
  }
  return readings;
}
