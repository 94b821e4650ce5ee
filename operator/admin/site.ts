// Answers the requests of the admin server, long answers piece by piece, as fast as they are read. Entry: Site.
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import type { Log } from '../process/log.ts';
import { debugRefusal } from './debug-access.ts';
import { type Answer, type Page, type Section, text } from './pages.ts';

/** Answers of /debug at a time: each holds what it shows for as long as it is read. */
const maxDebugAnswers = 2;
/** Within which an answer of /debug has to be read. */
const debugMs = 120_000;

/** Answers of sections at a time: a browser asks for six. */
const maxSectionAnswers = 16;

export class Site {
  readonly #pages: ReadonlyMap<string, Page>;
  readonly #sections: ReadonlyMap<string, Section>;
  readonly #log: Log;
  #debugAnswers = 0;
  #sectionAnswers = 0;

  constructor(pages: ReadonlyMap<string, Page>, sections: ReadonlyMap<string, Section>, log: Log) {
    this.#pages = pages;
    this.#sections = sections;
    this.#log = log;
  }

  /** Never rejects. */
  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path = '/', query = ''] = (request.url ?? '/').split('?', 2);
    const [, name = ''] = path.split('/', 2);
    const section = this.#sections.get(name);
    if (section !== undefined) {
      await this.#serveSection(request, response, { name, section, path, query });
      return;
    }
    const page = this.#pages.get(path);
    const refusal = this.#refusal(request, path, page);
    if (refusal !== undefined || page === undefined) {
      send(response, refusal ?? text(404, ''));
      return;
    }
    if (page.isDebug) this.#debugAnswers += 1;
    const late = page.isDebug ? setTimeout(() => response.destroy(), debugMs) : undefined;
    try {
      await this.#answer(request, response, { path, page });
    } finally {
      clearTimeout(late);
      if (page.isDebug) this.#debugAnswers -= 1;
    }
  }

  async #serveSection(
    request: IncomingMessage,
    response: ServerResponse,
    { name, section, path, query }: { name: string; section: Section; path: string; query: string },
  ): Promise<void> {
    const refusal = this.#sectionRefusal(request, `/${name}`);
    if (refusal !== undefined) {
      send(response, refusal);
      return;
    }
    if (path === `/${name}`) {
      send(response, { ...text(308, ''), headers: { location: `/${name}/` } });
      return;
    }
    const below = {
      path: path.slice(name.length + 2),
      parameters: new URLSearchParams(query),
      authorization: request.headers.authorization,
    };
    this.#sectionAnswers += 1;
    try {
      await this.#answer(request, response, {
        path,
        page: { answer: () => section.answer(below), isDebug: false },
      });
    } finally {
      this.#sectionAnswers -= 1;
    }
  }

  #sectionRefusal({ method, headers, socket }: IncomingMessage, name: string): Answer | undefined {
    if (method !== 'GET' && method !== 'HEAD') return text(405, 'Only GET and HEAD are answered here.\n');
    const { remoteAddress, localAddress } = socket;
    const reason = debugRefusal({ remoteAddress, localAddress, headers }, name);
    if (reason !== undefined) return text(403, `${reason}\n`);
    if (this.#sectionAnswers < maxSectionAnswers) return undefined;
    return text(503, 'Too many pages are asked for at a time. Try again later.\n');
  }

  #refusal(
    { method, headers, socket }: IncomingMessage,
    path: string,
    page: Page | undefined,
  ): Answer | undefined {
    if (method !== 'GET' && method !== 'HEAD') return text(405, 'Only GET and HEAD are answered here.\n');
    if (page === undefined) {
      const known = [...this.#pages.keys()].join('\n');
      return text(404, `There is no ${path.slice(0, 200)} here. There are:\n${known}\n`);
    }
    if (!page.isDebug) return undefined;
    const { remoteAddress, localAddress } = socket;
    const reason = debugRefusal({ remoteAddress, localAddress, headers });
    if (reason !== undefined) return text(403, `${reason}\n`);
    if (this.#debugAnswers < maxDebugAnswers) return undefined;
    return text(503, `${maxDebugAnswers} answers of /debug are being read. Try again later.\n`);
  }

  async #answer(
    request: IncomingMessage,
    response: ServerResponse,
    { path, page }: { path: string; page: Page },
  ): Promise<void> {
    try {
      const answer = await page.answer();
      if (typeof answer.body === 'string') send(response, answer);
      else await stream(request, response, { ...answer, body: answer.body });
    } catch (error) {
      if (response.destroyed) return;
      this.#log.error({ path, error }, 'admin page failed');
      // A part of it was sent: the reader must not take it for the whole.
      if (response.headersSent) response.destroy();
      else send(response, text(500, `Cannot create ${path}; see the log of the operator.\n`));
    }
  }
}

function writeHead(response: ServerResponse, { status, type, headers }: Answer): void {
  response.writeHead(status, {
    'content-type': type,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'cross-origin-resource-policy': 'same-origin',
    ...(status === 405 && { allow: 'GET, HEAD' }),
    ...(status === 503 && { 'retry-after': '1' }),
    ...headers,
  });
}

/** Node leaves the body of an answer to HEAD away. */
function send(response: ServerResponse, answer: Answer): void {
  writeHead(response, answer);
  response.end(typeof answer.body === 'string' ? answer.body : '');
}

/** The next piece is made when the one before was taken, and others have had their turn. */
async function stream(
  request: IncomingMessage,
  response: ServerResponse,
  answer: Answer & { readonly body: Iterable<string> },
): Promise<void> {
  const closed = new AbortController();
  response.once('close', () => closed.abort());
  const pieces = answer.body[Symbol.iterator]();
  // Before the head: what fails at once is told as a failure.
  let piece = pieces.next();
  writeHead(response, answer);
  while (request.method !== 'HEAD' && piece.done !== true && !response.destroyed) {
    const isFull = !response.write(piece.value);
    // oxlint-disable-next-line no-await-in-loop -- one piece after the other
    await (isFull ? once(response, 'drain', { signal: closed.signal }) : setImmediate());
    piece = pieces.next();
  }
  response.end();
}
