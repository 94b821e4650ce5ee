// What the admin server answers to which path.
import type { Component } from '../process/lifecycle.ts';
import { jsonPieces } from './json-pieces.ts';

/** What /debug shows. Each is asked when its page is; any value will do, secrets are taken out here. */
export interface DebugProviders {
  readonly resources: () => unknown;
  readonly ir: () => unknown;
  readonly proxies: () => unknown;
  /** The snapshot, its messages decoded to plain objects with `@type`. */
  readonly snapshot: () => unknown;
  /** Who called whom in the last hour. */
  readonly traffic: () => unknown;
  readonly hosts: () => unknown;
  /** The statuses last aggregated. */
  readonly status: () => unknown;
}

export interface PageSources {
  readonly metrics: { readonly contentType: string; render(): Promise<string> };
  /** What sidecars counted, for Prometheus. */
  readonly trafficMetrics: () => { readonly type: string; readonly pieces: Iterable<string> };
  /** All parts of the process, for /readyz. */
  readonly components: () => readonly Pick<Component, 'name' | 'ready'>[];
  readonly debug: DebugProviders;
  /** By the first part of their paths: what `/dashboard/` begins, for example. */
  readonly sections?: ReadonlyMap<string, Section>;
}

/** Pages of their own below one path, for those who may look inside. */
export interface Section {
  readonly answer: (request: SectionRequest) => Promise<Answer>;
}

export interface SectionRequest {
  /** Below the section, without a slash at the beginning. */
  readonly path: string;
  readonly parameters: URLSearchParams;
  /** The header. */
  readonly authorization: string | undefined;
}

export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** In pieces, if it may be long: each is made when the one before was taken. */
  readonly body: string | Iterable<string>;
}

export interface Page {
  readonly answer: () => Answer | Promise<Answer>;
  /** Only for those who may look inside, and a few at a time. */
  readonly isDebug: boolean;
}

export function pagesOf({
  metrics,
  trafficMetrics,
  components,
  debug,
}: PageSources): ReadonlyMap<string, Page> {
  const rendered = shared(() => metrics.render());
  const open = (answer: Page['answer']): Page => ({ answer, isDebug: false });
  const pages = new Map<string, Page>([
    ['/healthz', open(() => text(200, 'ok\n'))],
    ['/readyz', open(() => readiness(components()))],
    ['/metrics', open(async () => ({ status: 200, type: metrics.contentType, body: await rendered() }))],
    ['/metrics/traffic', open(() => trafficAnswer(trafficMetrics()))],
  ]);
  for (const [name, provider] of Object.entries<() => unknown>({ ...debug })) {
    const answer = (): Answer => ({ status: 200, type: 'application/json', body: jsonPieces(provider()) });
    pages.set(`/debug/${name}`, { answer, isDebug: true });
  }
  return pages;
}

function trafficAnswer({ type, pieces }: ReturnType<PageSources['trafficMetrics']>): Answer {
  return { status: 200, type, body: pieces };
}

export function text(status: number, body: string): Answer {
  return { status, type: 'text/plain; charset=utf-8', body };
}

function readiness(components: readonly Pick<Component, 'name' | 'ready'>[]): Answer {
  const waiting = components.filter((component) => !component.ready());
  if (waiting.length === 0) return text(200, 'ready\n');
  return text(503, `Not ready:\n${waiting.map(({ name }) => name).join('\n')}\n`);
}

/** Those who ask while it is made get the same. */
function shared<T>(make: () => Promise<T>): () => Promise<T> {
  let making: Promise<T> | undefined;
  return async () => {
    making ??= make().finally(() => {
      making = undefined;
    });
    return making;
  };
}
