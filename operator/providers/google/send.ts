// Sends to Google Cloud: counts to Cloud Monitoring, access logs to Cloud Logging, spans to Cloud Trace. Entry: createGoogleSender.
import type { GoogleCloudIr } from '../../ir/provider.ts';
import { pause } from '../../process/clock.ts';
import type { Outcome } from '../outbox.ts';
import { causeOf } from '../reason.ts';
import type { Signal } from '../signals.ts';
import type { Sender } from '../sender.ts';
import { outcomeOf } from './answer.ts';
import { Credentials, type GoogleHost } from './credentials.ts';
import type { Place } from './place.ts';
import { CumulativeSeries } from './series.ts';
import { writeEntries } from './write-logging.ts';
import { writeTimeSeries } from './write-monitoring.ts';
import { writeSpans } from './write-trace.ts';

const timeoutMs = 5_000;
const taken: Outcome = { type: 'taken' };
const failed = (error: unknown): Outcome => ({ type: 'failed', reason: causeOf(error) });

export function createGoogleSender(provider: GoogleCloudIr, host: GoogleHost): Sender {
  const ending = new AbortController();
  const api = new GoogleApi(provider, host, ending.signal);
  const send: Sender['send'] = async (type, signals) => {
    try {
      return await api.send(type, signals);
    } catch (error) {
      return failed(error);
    }
  };
  return { send, close: () => ending.abort() };
}

class GoogleApi {
  readonly #provider: GoogleCloudIr;
  readonly #host: GoogleHost;
  readonly #credentials: Credentials;
  readonly #ending: AbortSignal;
  readonly #series = new CumulativeSeries();

  constructor(provider: GoogleCloudIr, host: GoogleHost, ending: AbortSignal) {
    this.#provider = provider;
    this.#host = host;
    this.#credentials = new Credentials(host, provider);
    this.#ending = ending;
  }

  async send(type: Signal['type'], signals: readonly Signal[]): Promise<Outcome> {
    const { project, endpoints } = this.#provider;
    const place = { project, cluster: await this.#credentials.cluster() };
    if (type === 'counts') return await this.#sendCounts(signals, place);
    return type === 'logs'
      ? await this.#post(`${endpoints.logging}/v2/entries:write`, writeEntries(signals, place))
      : await this.#post(
          `${endpoints.trace}/v2/projects/${project}/traces:batchWrite`,
          writeSpans(signals, place),
        );
  }

  /** A request that failed leaves its series to the next attempt; the others are done. */
  async #sendCounts(signals: readonly Signal[], place: Place): Promise<Outcome> {
    const { clock } = this.#host;
    this.#series.add(signals);
    const pauseMs = this.#series.pauseMs(clock.monotonicMs());
    if (pauseMs > 0) await pause(pauseMs, clock, this.#ending);
    const url = `${this.#provider.endpoints.monitoring}/v3/projects/${place.project}/timeSeries`;
    const outcomes = await Promise.all(
      writeTimeSeries(this.#series.due(clock.monotonicMs()), place).map(async ({ body, series }) => {
        const outcome = await this.#post(url, body);
        if (outcome.type !== 'failed') {
          const isRefused = outcome.type !== 'taken';
          this.#series.settle(series, { isRefused, nowMs: clock.monotonicMs() });
        }
        return { outcome, size: series.length };
      }),
    );
    return togetherOf(outcomes);
  }

  /** With another token if this one is not taken. */
  async #post(url: string, body: object): Promise<Outcome> {
    try {
      const first = await this.#attempt(url, body);
      return first.isUnauthenticated ? (await this.#attempt(url, body)).outcome : first.outcome;
    } catch (error) {
      return failed(error);
    }
  }

  async #attempt(
    url: string,
    body: object,
  ): Promise<{ readonly outcome: Outcome; readonly isUnauthenticated: boolean }> {
    const token = await this.#credentials.token();
    const response = await fetch(url, {
      method: 'POST',
      headers: { authorization: `Bearer ${token.reveal()}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
      redirect: 'error',
      signal: AbortSignal.any([this.#ending, AbortSignal.timeout(timeoutMs)]),
    });
    const answer = await response.text();
    const isUnauthenticated = response.status === 401;
    if (isUnauthenticated) this.#credentials.forget(token);
    return { outcome: response.ok ? taken : outcomeOf(response.status, answer), isUnauthenticated };
  }
}

/** Of the requests that one message became. */
function togetherOf(all: readonly { readonly outcome: Outcome; readonly size: number }[]): Outcome {
  const waiting = all.find(({ outcome }) => outcome.type === 'failed');
  if (waiting !== undefined) return waiting.outcome;
  let refused = 0;
  let reason = '';
  for (const { outcome, size } of all) {
    if (outcome.type === 'taken') continue;
    refused += outcome.type === 'partly' ? outcome.refused : size;
    ({ reason } = outcome);
  }
  return refused === 0 ? taken : { type: 'partly', refused, reason };
}
