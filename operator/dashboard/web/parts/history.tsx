// What Prometheus has of a node or of the mesh: charts, and the same as a table.
import type { JSX } from 'preact';
import type { HistoryPoint, HistoryView } from '../../views/json-history.ts';
import { dateOrTime, duration, milliseconds, percent, perSecond } from '../format.ts';
import { useLive } from '../live.ts';
import { linkTo, type Place, type RangeName, ranges } from '../route.ts';
import { Chart, type Line } from './chart.tsx';
import { Viewed } from './notices.tsx';
import { Table } from './table.tsx';

/** The operator remembers an answer for twice that long. */
const everyMs = 15_000;

interface HistoryProps {
  /** '': of the whole mesh. */
  readonly id: string;
  readonly place: Place;
  readonly isPaused: boolean;
  /** Whether the Mesh names a Prometheus. If not, whoever asks for a history is told what to do. */
  readonly isKnown: boolean;
}

export function History({ id, place, isPaused, isKnown }: HistoryProps): JSX.Element | null {
  if (!isKnown && place.range === null) return null;
  return (
    <section>
      <div class="history-bar">
        <h2 id="history">History</h2>
        <Ranges place={place} />
      </div>
      {place.range !== null && <Past id={id} range={place.range} isPaused={isPaused} />}
    </section>
  );
}

const rangeNames = { '6h': '6 h', '24h': '24 h', '7d': '7 d' } as const;

function Ranges({ place }: { readonly place: Place }): JSX.Element {
  return (
    <div class="segments" role="group" aria-label="History of the last">
      {[null, ...ranges].map((range) => (
        <a
          key={range}
          href={linkTo(place.route, { ...place, range })}
          aria-current={place.range === range ? 'true' : undefined}
        >
          {range === null ? 'Last hour only' : rangeNames[range]}
        </a>
      ))}
    </div>
  );
}

interface PastProps {
  readonly id: string;
  readonly range: RangeName;
  readonly isPaused: boolean;
}

function Past({ id, range, isPaused }: PastProps): JSX.Element {
  const live = useLive<HistoryView>(`history?id=${encodeURIComponent(id)}&range=${range}`, isPaused, everyMs);
  return (
    <Viewed live={live}>
      {(view) => (
        <>
          <div role="status">{view.problem !== null && <p class="notice notice-bad">{view.problem}</p>}</div>
          {view.points.length > 0 && <Charts view={view} range={range} />}
        </>
      )}
    </Viewed>
  );
}

interface Drawn {
  readonly title: string;
  readonly lines: readonly {
    readonly of: keyof Numbers;
    readonly look: Line['look'];
    readonly name: string;
  }[];
  readonly text: (value: number) => string;
  readonly leastTop: number;
}

type Numbers = Omit<HistoryPoint, 'at'>;

const drawn: readonly Drawn[] = [
  {
    title: 'Requests',
    lines: [{ of: 'requests', look: 'main', name: '' }],
    text: perSecond,
    leastTop: 0.1,
  },
  {
    title: 'Failed requests',
    lines: [{ of: 'failures', look: 'bad', name: '' }],
    text: percent,
    leastTop: 0.01,
  },
  {
    title: 'Duration',
    lines: [
      { of: 'p99', look: 'main', name: 'p99' },
      { of: 'p50', look: 'second', name: 'p50' },
    ],
    text: milliseconds,
    leastTop: 1,
  },
  {
    title: 'TCP connections',
    lines: [{ of: 'connections', look: 'main', name: '' }],
    text: perSecond,
    leastTop: 0.1,
  },
];

interface ChartsProps {
  readonly view: HistoryView;
  readonly range: RangeName;
}

function Charts({ view: { points, window, step }, range }: ChartsProps): JSX.Element {
  const middle = points[points.length >> 1];
  const times = [points[0], middle, points.at(-1)].map((point) => dateOrTime(point?.at ?? '', range));
  const charts = drawn
    .map(({ lines, ...chart }) => ({
      ...chart,
      lines: lines.map(({ of, ...line }) => ({ ...line, values: points.map((point) => point[of]) })),
    }))
    .filter(({ lines }) => lines.some(({ values }) => values.some((value) => value !== null)));
  return (
    <>
      <div class="charts">
        {charts.map((chart) => (
          <Chart key={chart.title} {...chart} times={times} />
        ))}
      </div>
      <p class="note">
        From Prometheus, as the called sidecars saw it. One point every {duration(step * 1000)}, each the
        average of the {duration(window * 1000)} before it.
      </p>
      <details class="history-table">
        <summary>All points as a table</summary>
        <Points points={points} />
      </details>
    </>
  );
}

function Points({ points }: { readonly points: readonly HistoryPoint[] }): JSX.Element {
  return (
    <Table
      title="Points of the history"
      columns={['Time', '#Requests', '#Failed', '#p50', '#p99', '#TCP connections']}
      none=""
      rows={points.toReversed().map(({ at, requests, failures, p50, p99, connections }) => ({
        key: at,
        cells: [
          new Date(at).toLocaleString(),
          rate(requests),
          percent(failures),
          milliseconds(p50),
          milliseconds(p99),
          rate(connections),
        ],
      }))}
    />
  );
}

function rate(value: number | null): string {
  return value === null ? '–' : perSecond(value);
}
