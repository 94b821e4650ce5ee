// A process of its own that answers and asks over HTTP/1.1, so that neither costs the test its time. It counts what is not
// answered with 200. Started by load.ts, and speaks with that only.
import { createServer, connect, type AddressInfo, type Socket } from 'node:net';
import type { LoadCommand, LoadCounts, LoadTarget } from './load.ts';

const endOfHead = '\r\n\r\n';

/** Answers every request, of which none may have a body, with 200 and `words`. */
async function answer(words: string): Promise<number> {
  const response = `HTTP/1.1 200 OK\r\ncontent-length: ${words.length}${endOfHead}${words}`;
  const server = createServer((socket) => {
    let rest = '';
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      const heads = (rest + chunk.toString('latin1')).split(endOfHead);
      rest = heads.pop() ?? '';
      socket.write(response.repeat(heads.length));
    });
  });
  // Whoever finds no place among those that wait tries again a second later.
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', 4_096, resolve));
  return (server.address() as AddressInfo).port;
}

const tickMs = 5;

/** Asks at a steady rate, whatever the answers; each connection has one request at a time. */
class Load {
  private readonly idle: Socket[] = [];
  private readonly request: string;
  private readonly target: LoadTarget;
  private readonly counts: { -readonly [Name in keyof LoadCounts]: LoadCounts[Name] } = {
    sent: 0,
    ok: 0,
    slowestMs: 0,
    failures: {},
  };
  private readonly startedAtMs = performance.now();
  private readonly timer: NodeJS.Timeout;
  private whenDone: (() => void) | null = null;
  private open = 0;

  constructor(target: LoadTarget) {
    this.target = target;
    this.request = `GET / HTTP/1.1\r\nhost: ${target.host}${endOfHead}`;
    this.timer = setInterval(() => this.tick(), tickMs);
  }

  /** Asks nothing more; resolves when all that was asked is answered. */
  async stop(): Promise<LoadCounts> {
    clearInterval(this.timer);
    if (this.open > 0) await new Promise<void>((resolve) => (this.whenDone = resolve));
    for (const socket of this.idle) socket.destroy();
    return this.counts;
  }

  private tick(): void {
    const due = Math.floor(((performance.now() - this.startedAtMs) * this.target.perSecond) / 1000);
    // In turn: none lies idle until a proxy that drains, and has told each to close with its next answer, is gone.
    while (this.counts.sent < due) this.ask(this.idle.shift() ?? connect(this.target.port, '127.0.0.1'));
  }

  private ask(socket: Socket): void {
    const askedAtMs = performance.now();
    let text = '';
    this.counts.sent += 1;
    this.open += 1;
    const finish = (outcome: string, isReusable: boolean): void => {
      socket.removeAllListeners();
      socket.on('error', () => undefined);
      if (isReusable) this.keep(socket);
      else socket.destroy();
      this.count(outcome, performance.now() - askedAtMs);
    };
    socket.setNoDelay(true);
    socket.on('error', (error) => finish(error.message, false));
    socket.on('close', () => finish('closed without an answer', false));
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      const whole = wholeResponse(text);
      if (whole !== null) finish(whole.outcome, whole.isReusable);
    });
    socket.write(this.request);
  }

  private keep(socket: Socket): void {
    // Closed while nobody asks: no failure, but nobody may ask on it.
    socket.on('close', () => {
      const at = this.idle.indexOf(socket);
      if (at >= 0) this.idle.splice(at, 1);
    });
    this.idle.push(socket);
  }

  private count(outcome: string, ms: number): void {
    const { counts } = this;
    if (outcome === 'ok') counts.ok += 1;
    else counts.failures = { ...counts.failures, [outcome]: (counts.failures[outcome] ?? 0) + 1 };
    counts.slowestMs = Math.max(counts.slowestMs, ms);
    this.open -= 1;
    if (this.open === 0) this.whenDone?.();
  }
}

/** null while something is missing. */
function wholeResponse(text: string): { readonly outcome: string; readonly isReusable: boolean } | null {
  const end = text.indexOf(endOfHead);
  if (end < 0) return null;
  const head = text.slice(0, end).toLowerCase();
  const length = Number(/\r\ncontent-length: (\d+)/.exec(head)?.[1] ?? 0);
  const body = text.slice(end + endOfHead.length);
  if (body.length < length) return null;
  const status = head.slice('http/1.1 '.length, 'http/1.1 200'.length);
  return {
    outcome: status === '200' ? 'ok' : `${status} ${body}`,
    isReusable: !head.includes('\r\nconnection: close'),
  };
}

let load: Load | null = null;

async function onCommand(command: LoadCommand): Promise<unknown> {
  if (command.do === 'answer') return Promise.all(command.words.map(answer));
  if (command.do === 'load') {
    load = new Load(command.target);
    return null;
  }
  const counts = await load?.stop();
  load = null;
  return counts ?? null;
}

process.on('message', (command: LoadCommand) => {
  void onCommand(command).then((result) => process.send?.({ result }));
});
process.on('disconnect', () => process.exit(0));
