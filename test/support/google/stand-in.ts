// Stands in for Google Cloud: OAuth, the metadata server, and the APIs of Cloud Monitoring, Cloud Logging and Cloud Trace, on one port. It refuses
// what Google's definitions do not describe and what is beyond Google's limits. Entry: startGoogle.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Closing } from '../data-plane/closing.ts';
import {
  type CloudSpan,
  type Entry,
  inEntry,
  inSpan,
  inTimeSeries,
  type TimeSeries,
  type Written,
} from './checks.ts';
import { mistakesIn } from './definitions.ts';
import { type Answer, TokenGiver } from './tokens.ts';

type Api = 'monitoring' | 'logging' | 'trace';

export interface Google {
  readonly url: string;
  readonly tokens: TokenGiver;
  /** Of a Secret. */
  readonly keyFile: string;
  readonly series: TimeSeries[];
  /** Each once, by insertId. */
  readonly entries: Map<string, Entry>;
  readonly spans: CloudSpan[];
  /** What was wrong with requests. */
  readonly mistakes: string[];
  /** Calls so far, each `POST /path`. */
  readonly calls: string[];
  /** What the next calls of an API are answered, before anything is looked at. */
  readonly forced: Record<Api, Answer[]>;
}

const project = 'my-project-123';
const requests = {
  [`/v3/projects/${project}/timeSeries`]: {
    api: 'monitoring',
    type: 'google.monitoring.v3.CreateTimeSeriesRequest',
  },
  '/v2/entries:write': { api: 'logging', type: 'google.logging.v2.WriteLogEntriesRequest' },
  [`/v2/projects/${project}/traces:batchWrite`]: {
    api: 'trace',
    type: 'google.devtools.cloudtrace.v2.BatchWriteSpansRequest',
  },
} as const;

export async function startGoogle(closing: Closing): Promise<Google> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.add(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const tokens = new TokenGiver();
  const google: Google = {
    url,
    tokens,
    keyFile: tokens.keyFile(`${url}/token`),
    series: [],
    entries: new Map(),
    spans: [],
    mistakes: [],
    calls: [],
    forced: { monitoring: [], logging: [], trace: [] },
  };
  const written: Written = new Map();
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    void answer(google, request, response, written);
  });
  return google;
}

async function answer(
  google: Google,
  request: IncomingMessage,
  response: ServerResponse,
  written: Written,
): Promise<void> {
  const { status, body } = await answerOf(google, request, written);
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}

async function answerOf(google: Google, request: IncomingMessage, written: Written): Promise<Answer> {
  const { pathname, searchParams } = new URL(request.url ?? '', google.url);
  const { method = '', headers } = request;
  google.calls.push(`${method} ${pathname}`);
  const body = await text(request);
  if (pathname === '/token')
    return await google.tokens.exchange(new URLSearchParams(body), `${google.url}/token`);
  if (pathname.startsWith('/computeMetadata/v1/instance/')) {
    const flavor = headers['metadata-flavor'];
    return google.tokens.metadata(pathname, searchParams.get('scopes') ?? '', String(flavor));
  }
  if (!google.tokens.isValid(headers.authorization ?? '')) return refusal(401, 'UNAUTHENTICATED', 'no token');
  const known = Object.entries(requests).find(([path]) => path === pathname)?.[1];
  if (known === undefined || method !== 'POST') return refusal(404, 'NOT_FOUND', `${method} ${pathname}`);
  const forced = google.forced[known.api].shift();
  if (forced !== undefined) return forced;
  if (body.length > 10_485_760)
    return refusal(400, 'INVALID_ARGUMENT', 'Request payload size exceeds the limit: 10485760 bytes.');
  const json: unknown = JSON.parse(body);
  const mistakes = mistakesIn(known.type, json);
  google.mistakes.push(...mistakes);
  if (mistakes.length > 0) return refusal(400, 'INVALID_ARGUMENT', mistakes.join('; '));
  return take(google, known.api, json, written);
}

function take(google: Google, api: Api, json: unknown, written: Written): Answer {
  if (api === 'monitoring') {
    return takeSeries(google, (json as { readonly timeSeries: readonly TimeSeries[] }).timeSeries, written);
  }
  if (api === 'logging') return takeEntries(google, (json as { readonly entries: readonly Entry[] }).entries);
  const { spans } = json as { readonly spans: readonly CloudSpan[] };
  const wrong = spans.flatMap((span) => inSpan(span, project));
  google.mistakes.push(...wrong);
  if (wrong.length > 0) return refusal(400, 'INVALID_ARGUMENT', wrong.join('; '));
  google.spans.push(...spans);
  return { status: 200, body: {} };
}

function takeSeries(google: Google, series: readonly TimeSeries[], written: Written): Answer {
  const keys = new Set(series.map(({ metric, resource }) => JSON.stringify([metric, resource])));
  if (series.length > 200 || keys.size < series.length) {
    const why = `${series.length} series, ${keys.size} different`;
    google.mistakes.push(why);
    return refusal(400, 'INVALID_ARGUMENT', why);
  }
  const wrong = series.flatMap((one) => {
    const found = inTimeSeries(one, written);
    if (found.length === 0) google.series.push(one);
    return found.length === 0 ? [] : [found.join()];
  });
  google.mistakes.push(...wrong);
  if (wrong.length === 0) return { status: 200, body: {} };
  const summary = {
    '@type': 'type.googleapis.com/google.monitoring.v3.CreateTimeSeriesSummary',
    totalPointCount: series.length,
    successPointCount: series.length - wrong.length,
    errors: [{ status: { code: 3 }, pointCount: wrong.length }],
  };
  return refusal(
    400,
    'INVALID_ARGUMENT',
    `One or more TimeSeries could not be written: ${wrong.join()}`,
    summary,
  );
}

function takeEntries(google: Google, entries: readonly Entry[]): Answer {
  const errors: Record<string, object> = {};
  for (const [at, entry] of entries.entries()) {
    const wrong = inEntry(entry, project);
    google.mistakes.push(...wrong);
    if (wrong.length === 0) google.entries.set(entry.insertId, entry);
    else errors[at] = { code: 3, message: wrong.join() };
  }
  if (Object.keys(errors).length === 0) return { status: 200, body: {} };
  const type = 'type.googleapis.com/google.logging.v2.WriteLogEntriesPartialErrors';
  return refusal(400, 'INVALID_ARGUMENT', 'some entries', { '@type': type, logEntryErrors: errors });
}

/** As Google's APIs refuse. @see https://cloud.google.com/apis/design/errors */
export function refusal(
  code: number,
  status: string,
  message: string,
  ...details: readonly object[]
): Answer {
  return { status: code, body: { error: { code, status, message, details } } };
}
