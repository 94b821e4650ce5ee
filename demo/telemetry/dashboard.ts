// What the operator's dashboard shows of the shop, as its page gets it.
import { z } from 'zod';
import { getText } from '../mesh/http-text.ts';
import { anyone, figureKey, type Readings } from './figures.ts';

const Numbers = z.object({
  requests: z.number(),
  success: z.number().nullable(),
  p50: z.number().nullable(),
  p99: z.number().nullable(),
});
const Graph = z.object({
  seconds: z.number(),
  nodes: z.array(z.object({ id: z.string(), name: z.string(), numbers: Numbers })),
  edges: z.array(z.object({ from: z.string(), to: z.string(), numbers: Numbers })),
});

export async function readDashboard(adminPort: number): Promise<Readings> {
  const readings = new Map<string, number>();
  const page = await getText(adminPort, '/dashboard/api/graph?window=3600');
  if (page === undefined) return readings;
  const { seconds, nodes, edges } = Graph.parse(JSON.parse(page));
  const names = new Map(nodes.map(({ id, name }) => [id, name]));
  // Rates, over so many seconds.
  for (const { id, name, numbers } of nodes)
    if (id.startsWith('service/'))
      readings.set(figureKey({ from: anyone, to: name }, 'requests'), Math.round(numbers.requests * seconds));
  for (const { from, to, numbers } of edges) {
    const edge = { from: names.get(from) ?? from, to: names.get(to) ?? to };
    const requests = Math.round(numbers.requests * seconds);
    readings.set(figureKey(edge, 'requests'), requests);
    readings.set(figureKey(edge, '5xx'), Math.round((1 - (numbers.success ?? 1)) * requests));
    if (numbers.p50 !== null) readings.set(figureKey(edge, 'p50'), numbers.p50);
    if (numbers.p99 !== null) readings.set(figureKey(edge, 'p99'), numbers.p99);
  }
  return readings;
}
