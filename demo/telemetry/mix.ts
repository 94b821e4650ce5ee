// The calls of one round, and what must be counted of them. Pure.

/** Who calls whom: names of the shop, which are also those of their service accounts. */
export interface Edge {
  readonly from: string;
  readonly to: string;
}

/** One kind of call by the visitor. */
export interface Part {
  readonly to: string;
  /** `/`: as users ask, all services along the way answer. `/STATUS/MILLISECONDS`: this one alone, with that status, after that time. */
  readonly path: string;
  readonly calls: number;
  readonly status: number;
  /** What the application takes at least. */
  readonly delayMs: number;
}

const told = (status: number, delayMs: number, calls: number): Part => ({
  to: 'ratings',
  path: `/${status}/${delayMs}`,
  calls,
  status,
  delayMs,
});

/** The delays lie far from the bounds of histograms, and no percentile that is looked at lies where one delay gives way to another. */
export const mix: readonly Part[] = [
  { to: 'productpage', path: '/', calls: 50, status: 200, delayMs: 0 },
  { to: 'reviews', path: '/', calls: 15, status: 403, delayMs: 0 },
  told(200, 30, 100),
  told(200, 300, 10),
  told(404, 30, 12),
  told(503, 30, 18),
];

/** One call, as its caller saw it. */
export interface Seen {
  readonly part: Part;
  readonly status: number;
  readonly tookMs: number;
}

/** In this order a caller makes the calls of a round: kinds of call alternate, as far as they can. */
export function roundOf(parts: readonly Part[]): readonly Part[] {
  return parts
    .flatMap((part) => Array.from({ length: part.calls }, (_, at) => ({ part, at: (at + 0.5) / part.calls })))
    .toSorted((a, b) => a.at - b.at)
    .map(({ part }) => part);
}

const chain: readonly Edge[] = [
  { from: 'visitor', to: 'productpage' },
  { from: 'productpage', to: 'reviews' },
  { from: 'reviews', to: 'ratings' },
];

/** All calls that one call of the visitor leads to. */
export function edgesOf({ to, path, status }: Part): readonly Edge[] {
  const isWhole = path === '/' && status === 200;
  return isWhole ? chain : [{ from: 'visitor', to }];
}

/** The smallest value that at least so many of all are not above. NaN of nothing. */
export function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(share * values.length) - 1)] ?? Number.NaN;
}
