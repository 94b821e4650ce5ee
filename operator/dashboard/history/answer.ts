// What Prometheus answers, read: series of numbers, or what is wrong in a full sentence. Pure, and never throws.
import { z } from 'zod';
import { jsonOf } from '../../values/json.ts';
import type { Range, Span } from './range.ts';

/** What became of a question. */
export type Asked =
  | { readonly type: 'answered'; readonly status: number; readonly text: string }
  | { readonly type: 'late' }
  | { readonly type: 'large'; readonly mostBytes: number }
  | { readonly type: 'unreachable'; readonly reason: string };

/** One number for each point in time; null: a gap. */
export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  readonly values: readonly (number | null)[];
}

export type Read =
  | { readonly type: 'series'; readonly series: readonly Series[] }
  | { readonly type: 'problem'; readonly problem: string };

/** A query has a series for each response class at most, and a range at most 169 points. */
const most = { series: 20, points: 500 };

const Matrix = z.object({
  status: z.literal('success'),
  data: z.object({
    resultType: z.literal('matrix'),
    result: fewOf(
      z.object({
        metric: z.record(z.string(), z.string()),
        values: fewOf(z.tuple([z.number(), z.string()]), most.points).default([]),
      }),
      most.series,
    ),
  }),
});

/** Counted before it looks at one: whatever answers, the operator has other work. */
function fewOf<Item extends z.ZodType>(item: Item, count: number): z.ZodType<z.output<Item>[]> {
  return z.array(z.unknown()).max(count).pipe(z.array(item));
}

const Failure = z.object({ status: z.literal('error'), errorType: z.string(), error: z.string() });

const setting = 'spec.telemetry.prometheus.url of the Mesh';

export function readAnswer(asked: Asked, span: Span & Pick<Range, 'step'>): Read {
  switch (asked.type) {
    case 'late':
      return problem(
        'Prometheus takes too long to answer. Choose a shorter time range, or give Prometheus more CPU and memory.',
      );
    case 'large':
      return problem(`Prometheus answers with more than ${asked.mostBytes / 1024} KiB. Check ${setting}.`);
    case 'unreachable':
      return problem(
        `Prometheus cannot be reached (${asked.reason}). Check ${setting}, and whether network policies let the operator call it.`,
      );
    case 'answered':
      return readText(asked, span);
  }
}

function readText(
  { status, text }: Extract<Asked, { type: 'answered' }>,
  span: Span & Pick<Range, 'step'>,
): Read {
  const json = jsonOf(text);
  const matrix = status === 200 ? Matrix.safeParse(json).data : undefined;
  if (matrix !== undefined) {
    const series = matrix.data.result.map(({ metric, values }) => ({
      labels: metric,
      values: onGrid(values, span),
    }));
    return { type: 'series', series };
  }
  const failure = Failure.safeParse(json).data;
  if (failure !== undefined)
    return problem(
      `Prometheus answers with an error: ${shortened(`${failure.errorType}: ${failure.error}`)}`,
    );
  return problem(strange(status));
}

/** Its words stay here: whoever names the URL may not be permitted to read what is there. */
function strange(status: number): string {
  const said = `HTTP ${status}`;
  if (status === 401 || status === 403)
    return `Prometheus refuses the operator, which sends no credentials (${said}). Set ${setting} to a URL that needs none.`;
  if (status >= 300 && status < 400)
    return `Prometheus answers with a redirect, which the operator does not follow (${said}). Set ${setting} to the URL that it leads to.`;
  if (status >= 500)
    return `Prometheus is not ready (${said}). Check its pods, and any proxy in front of it.`;
  return `The server does not answer as Prometheus does (${said}). Check ${setting}.`;
}

function problem(sentence: string): Read {
  return { type: 'problem', problem: sentence };
}

const longest = 300;

function shortened(text: string): string {
  return text.length <= longest ? text : `${text.slice(0, longest)}…`;
}

/** Prometheus leaves points without a sample out, and writes what is no number as NaN, +Inf or -Inf. */
function onGrid(
  values: readonly (readonly [number, string])[],
  { start, end, step }: Span & Pick<Range, 'step'>,
): readonly (number | null)[] {
  const grid = Array.from<number | null>({ length: Math.floor((end - start) / step) + 1 }).fill(null);
  for (const [time, text] of values) {
    const at = Math.round((time - start) / step);
    const value = Number(text);
    if (at >= 0 && at < grid.length && text !== '' && Number.isFinite(value)) grid[at] = value;
  }
  return grid;
}
