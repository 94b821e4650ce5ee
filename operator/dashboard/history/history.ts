// What is older than an hour, as the Prometheus of the Mesh tells it: read when somebody looks, and once for all who look at the same.
// Entry: History.
import type { Clock } from '../../process/clock.ts';
import { Slots } from '../../process/slots.ts';
import type { HistoryView } from '../views/json-history.ts';
import { nodesOf } from '../views/nodes.ts';
import type { Source } from '../views/source.ts';
import { type Asked, type Read, readAnswer } from './answer.ts';
import type { AskPrometheus } from './ask-prometheus.ts';
import { historyView, withoutPoints } from './history-view.ts';
import { addressOf, queriesOf, type QueryName, queryNames } from './queries.ts';
import { type Range, rangeNamed, type Span, spanOf } from './range.ts';
import { type Subject, subjectOf, wholeMesh } from './subject.ts';

/** Until the last of the answers about one node, the wait for others included. */
const timeoutSeconds = 5;
/** With less time left, Prometheus is not asked: it would work for nobody. */
const leastMs = 1_000;
/** About so many nodes Prometheus is asked at a time: each takes four queries. */
const atOnce = 2;
/** So many people may wait for an answer: half of the requests of the dashboard that are answered at a time. */
const mostWaiting = 8;
/** How long what came holds, in milliseconds. */
const keptMs = { good: 30_000, bad: 5_000 };
const mostKept = 50;

export interface HistoryOptions {
  readonly ask: AskPrometheus;
  readonly clock: Pick<Clock, 'monotonicMs' | 'after'>;
}

interface Question {
  readonly base: string;
  readonly subject: Subject;
  readonly range: Range;
  readonly span: Span;
}

export class History {
  readonly #ask: AskPrometheus;
  readonly #clock: HistoryOptions['clock'];
  readonly #slots = new Slots(atOnce);
  #waiting = 0;
  /** By what was asked; the oldest first. */
  readonly #known = new Map<string, { readonly view: Promise<HistoryView>; untilMs: number }>();

  constructor({ ask, clock }: HistoryOptions) {
    this.#ask = ask;
    this.#clock = clock;
  }

  /** `id`: of a node; '': the whole mesh. null: there is no such node, or no such range. */
  async view(source: Source, id: string, rangeName: string): Promise<HistoryView | null> {
    const range = rangeNamed(rangeName);
    const subject = subjectIn(source, id);
    if (range === undefined || subject === null) return null;
    const span = spanOf(range, source.nowMs);
    const base = source.ir?.settings.prometheusUrl;
    if (base === undefined) return withoutPoints(span, range, noPrometheus);
    if (subject.matchers.length === 0) return withoutPoints(span, range, noName);
    return this.#remembered({ base, subject, range, span });
  }

  async #remembered(question: Question): Promise<HistoryView> {
    const key = JSON.stringify(question);
    const known = this.#known.get(key);
    const isUnderWay = known?.untilMs === Infinity;
    if (known !== undefined && !isUnderWay && known.untilMs > this.#clock.monotonicMs()) return known.view;
    if (this.#waiting >= mostWaiting) return withoutPoints(question.span, question.range, busy);
    this.#waiting += 1;
    try {
      return await (isUnderWay ? known.view : this.#begun(key, question));
    } finally {
      this.#waiting -= 1;
    }
  }

  async #begun(key: string, question: Question): Promise<HistoryView> {
    const entry = { view: this.#read(question), untilMs: Infinity };
    this.#known.delete(key);
    this.#known.set(key, entry);
    const [oldest] = this.#known.keys();
    if (this.#known.size > mostKept && oldest !== undefined) this.#known.delete(oldest);
    const { problem } = await entry.view;
    entry.untilMs = this.#clock.monotonicMs() + (problem === null ? keptMs.good : keptMs.bad);
    return entry.view;
  }

  async #read(question: Question): Promise<HistoryView> {
    const ending = new AbortController();
    const cancel = this.#clock.after(timeoutSeconds * 1000, () => ending.abort());
    const lastMs = this.#clock.monotonicMs() + timeoutSeconds * 1000 - leastMs;
    try {
      return await this.#slots.run(async () => {
        if (this.#clock.monotonicMs() > lastMs) ending.abort();
        return this.#asked(question, ending.signal);
      });
    } finally {
      cancel();
    }
  }

  async #asked({ base, subject, range, span }: Question, signal: AbortSignal): Promise<HistoryView> {
    const queries = queriesOf(subject, range);
    const { step } = range;
    const read = async (name: QueryName): Promise<readonly [QueryName, Read]> => {
      const address = addressOf(base, queries[name], { ...span, step, timeoutSeconds });
      const asked = signal.aborted ? late : await this.#ask(address, signal);
      return [name, readAnswer(asked, { ...span, step })];
    };
    const reads = new Map(await Promise.all(queryNames.map(read)));
    return historyView(reads, span, range, subject.what);
  }
}

const late: Asked = { type: 'late' };
const noPrometheus =
  'The Mesh names no Prometheus, so only the last hour is known. Set spec.telemetry.prometheus.url of the Mesh.';
const noName =
  'Prometheus cannot tell these pods from others: it has only the names of Services, Deployments, StatefulSets, DaemonSets and ExternalWorkloads.';
const busy = 'Too many people are looking at the history right now. This page will ask again.';

/** null: there is none of that id. */
function subjectIn({ ir, pods, owners }: Source, id: string): Subject | null {
  if (id === '') return wholeMesh;
  const found = nodesOf(ir, pods).all.get(id);
  return found === undefined ? null : subjectOf(found.node, found.workloads, owners);
}
