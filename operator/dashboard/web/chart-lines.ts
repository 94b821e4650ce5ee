// Where the lines of a chart go: a box of a fixed size, which the page stretches. Pure.

export const chartWidth = 1000;
export const chartHeight = 200;

type Values = readonly (number | null)[];

/** A round number that no value exceeds: 1, 2 or 5 times a power of ten; `least` if all are smaller. */
export function topOf(values: Values, least: number): number {
  const most = Math.max(least, ...values.map((value) => value ?? 0));
  const power = 10 ** Math.floor(Math.log10(most));
  return ([1, 2, 5, 10].find((it) => it * power >= most * (1 - 1e-9)) ?? 10) * power;
}

/** A path of SVG. A gap is a gap; what stands alone is a dot. */
export function pathThrough(values: Values, top: number): string {
  const step = values.length < 2 ? 0 : chartWidth / (values.length - 1);
  let path = '';
  for (const [at, value] of values.entries()) {
    if (value === null) continue;
    const point = `${(at * step).toFixed(1)} ${(chartHeight * (1 - value / top)).toFixed(1)}`;
    const isStart = (values[at - 1] ?? null) === null;
    // A line of no length has round ends.
    path += `${isStart ? 'M' : 'L'}${point}${isStart && (values[at + 1] ?? null) === null ? 'h0' : ''}`;
  }
  return path;
}
