// `make demo ARGS=--telemetry`: known calls, and what Prometheus, an OpenTelemetry Collector, a plug-in and the dashboard make of them.
import { setTimeout as delay } from 'node:timers/promises';
import { DemoError } from '../demo-error.ts';
import { reachable } from '../mesh/running.ts';
import { waitFor } from '../process/wait.ts';
import { call } from '../traffic/call.ts';
import { comparison, mistakes, truthOf, type Figure, type Source } from './figures.ts';
import { mix, roundOf, type Part, type Seen } from './mix.ts';
import { startWatchers, type TelemetryStage, type Watchers } from './watchers.ts';

/** Two: what the first is counted for late, the second would show. */
const rounds = 2;
const callers = 6;
/** Sidecars report every ten seconds, and twice that may lie between the report that has a call and what is seen of it. */
const deadlineMs = 90_000;
/** Between the calls that go on while somebody watches. */
const pauseMs = 100;

export interface PlayedRounds {
  /** Texts of what is not the truth. */
  readonly wrong: readonly string[];
  readonly prometheusUrl: string;
}

export async function playTelemetry(stage: TelemetryStage): Promise<PlayedRounds> {
  const { screen, around } = stage;
  await reachable(stage.mesh, around.signal);
  const watchers = await startWatchers(stage);
  screen.fact(
    'Prometheus scrapes the operator; an OpenTelemetry Collector and a plug-in get what the operator sends.',
  );
  const seen: Seen[] = [];
  let [truth, sources, wrong]: [readonly Figure[], readonly Source[], readonly string[]] = [[], [], []];
  for (let round = 1; round <= rounds; round += 1) {
    // oxlint-disable no-await-in-loop -- one round after the other
    seen.push(...(await playRound(stage)));
    truth = truthOf(seen);
    ({ sources, wrong } = await settled(watchers, truth, around.signal));
    screen.fact(
      `Round ${round}: ${seen.length} calls by the visitor so far, ${wrong.length === 0 ? 'and all agree' : 'and not all agree'}.`,
    );
    // oxlint-enable no-await-in-loop
  }
  screen.heading('What was done, and what each of them says');
  screen.table(comparison(truth, sources));
  screen.paragraph(
    'PROMETHEUS: what sidecars of servers have counted. OF CALLERS: what sidecars of callers have. Counts have to be exact. A percentile has to lie in the same bucket of the histogram as the truth, which is at least what the application took and at most what the visitor waited.',
  );
  return { wrong, prometheusUrl: watchers.prometheusUrl };
}

const example =
  'sum by (source_workload, destination_workload, response_class) (rate(meshwright_requests_total{reporter="destination"}[1m]))';

/** Says where to look, and goes on with the visitor's calls until the signal aborts; rejects with its reason. */
export async function goOn(stage: TelemetryStage, prometheusUrl: string): Promise<never> {
  const { screen, mesh } = stage;
  screen.heading('Look at it');
  screen.example(`http://127.0.0.1:${mesh.operator.ports.admin}/dashboard/`);
  screen.example(`${prometheusUrl}/graph?g0.expr=${encodeURIComponent(example)}`);
  screen.fact(
    `Calls of the same kinds go on, about ${1000 / pauseMs} a second, until Ctrl-C: the figures above are from before.`,
  );
  // oxlint-disable no-await-in-loop -- one call after the other
  for (;;) {
    for (const part of roundOf(mix)) {
      stage.around.signal.throwIfAborted();
      await make(stage, part);
      await delay(pauseMs);
    }
  }
  // oxlint-enable no-await-in-loop
}

async function playRound(stage: TelemetryStage): Promise<readonly Seen[]> {
  const left = [...roundOf(mix)];
  const seen: Seen[] = [];
  const caller = async (): Promise<void> => {
    for (let part = left.shift(); part !== undefined; part = left.shift()) {
      stage.around.signal.throwIfAborted();
      // oxlint-disable-next-line no-await-in-loop -- each caller waits for its answer
      seen.push(await make(stage, part));
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  return seen;
}

/** @throws DemoError for an answer that is not the one that was asked for: then nobody knows the truth */
async function make({ mesh }: TelemetryStage, part: Part): Promise<Seen> {
  const port = mesh.workloads.find(({ name }) => name === 'visitor')?.outbound.get(part.to) ?? 0;
  const start = performance.now();
  const { status, body } = await call(port, {}, part.path);
  if (status !== part.status)
    throw new DemoError(
      `${part.to}${part.path} was to answer ${part.status}, and answered ${status}: ${body.trim()}`,
    );
  return { part, status, tookMs: performance.now() - start };
}

interface Settled {
  readonly sources: readonly Source[];
  readonly wrong: readonly string[];
}

/** What they say when all of it is the truth, or at the deadline. */
async function settled(watchers: Watchers, truth: readonly Figure[], signal: AbortSignal): Promise<Settled> {
  const end = performance.now() + deadlineMs;
  const look = async (): Promise<Settled | undefined> => {
    const [sources, bounds] = await Promise.all([watchers.read(), watchers.bounds()]);
    const wrong = mistakes(truth, sources, bounds);
    return wrong.length === 0 || performance.now() > end ? { sources, wrong } : undefined;
  };
  return waitFor(look, { what: 'the counts', deadlineMs: 2 * deadlineMs, everyMs: 250, signal });
}
