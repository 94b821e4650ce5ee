// One chart: lines over time. What it shows is said in words, too; the table of the history has all of it.
import type { JSX } from 'preact';
import { chartHeight, chartWidth, pathThrough, topOf } from '../chart-lines.ts';

export interface Line {
  /** '': it is the only one. */
  readonly name: string;
  readonly look: 'main' | 'second' | 'bad';
  readonly values: readonly (number | null)[];
}

interface ChartProps {
  readonly title: string;
  readonly lines: readonly Line[];
  readonly text: (value: number) => string;
  /** What the top is at least, so that next to nothing does not look like much. */
  readonly leastTop: number;
  /** Of the first point, one in the middle and the last. */
  readonly times: readonly string[];
}

export function Chart({ title, lines, text, leastTop, times }: ChartProps): JSX.Element {
  const top = topOf(
    lines.flatMap(({ values }) => values),
    leastTop,
  );
  return (
    <figure class="chart">
      <figcaption>
        <span class="chart-title">{title}</span>
        {lines.length > 1 && lines.map(({ name, look }) => <Key key={name} name={name} look={look} />)}
      </figcaption>
      <div class="plot">
        <span class="chart-top" aria-hidden="true">
          {text(top)}
        </span>
        <svg
          viewBox={`0 0 ${chartWidth} ${chartHeight}`}
          preserveAspectRatio="none"
          role="img"
          aria-label={`${title}, from ${times[0]} to ${times.at(-1)}. ${lines.map((it) => inWords(it, text)).join(' ')}`}
        >
          {[0, 0.5, 1].map((share) => (
            <path key={share} class="chart-grid" d={`M0 ${share * chartHeight}h${chartWidth}`} />
          ))}
          {lines.map(({ name, look, values }) => (
            <path key={name} class={`chart-line chart-${look}`} d={pathThrough(values, top)} />
          ))}
        </svg>
      </div>
      <div class="chart-times" aria-hidden="true">
        {times.map((time, at) => (
          <span key={at}>{time}</span>
        ))}
      </div>
    </figure>
  );
}

function Key({ name, look }: Pick<Line, 'name' | 'look'>): JSX.Element {
  return (
    <span class="chart-key">
      <svg width="22" height="10" aria-hidden="true">
        <path class={`chart-line chart-${look}`} d="M2 5h18" />
      </svg>
      {name}
    </span>
  );
}

function inWords({ name, values }: Line, text: (value: number) => string): string {
  const known = values.filter((it) => it !== null);
  const last = known.at(-1);
  const prefix = name === '' ? '' : `${name}: `;
  if (last === undefined) return `${prefix}no values.`;
  return `${prefix}lowest ${text(Math.min(...known))}, highest ${text(Math.max(...known))}, last ${text(last)}.`;
}
