// A steady load, in a pod: calls at a fixed rate whatever the answers, until its input ends; then what it saw, as JSON.
// A program of its own: it imports nothing but Node.
//   node load.ts --rate 100 --call 'GET HTTP/1.1 http://server:8080/' --call 'POST HTTP/2 http://server:8081/' …
// Each --call gets the same share of the rate. `TALK TCP tcp://server:9000` waits for a greeting and for what it says to come
// back. Calls to /slow do not count in the times.
import { Agent, request as httpRequest } from 'node:http';
import { type ClientHttp2Session, connect } from 'node:http2';
import { connect as connectTcp } from 'node:net';
import { parseArgs } from 'node:util';

interface Call {
  readonly name: string;
  readonly method: string;
  readonly protocol: string;
  readonly url: URL;
}

interface Failure {
  readonly call: string;
  readonly at: string;
  readonly status: number;
  readonly afterMs: number;
  readonly what: string;
}

const { values: settings } = parseArgs({
  options: {
    rate: { type: 'string', default: '100' },
    call: { type: 'string', multiple: true, default: [] },
  },
});
const calls = settings.call.map((name): Call => {
  const [method = '', protocol = '', url = ''] = name.split(' ');
  return { name, method, protocol, url: new URL(url) };
});
const timeoutMs = 10_000;
const body = Buffer.alloc(256, 'x');
const agent = new Agent({ keepAlive: true, maxSockets: 64 });
const sessions = new Map<string, ClientHttp2Session>();
const durations: number[] = [];
const failures: Failure[] = [];
const answeredBy = new Map<string, number>();
let sent = 0;
let open = 0;

interface Answer {
  readonly status: number;
  readonly text: string;
}

async function send(call: Call): Promise<void> {
  const at = new Date();
  sent += 1;
  open += 1;
  const { status, text } = await answerTo(call);
  open -= 1;
  const afterMs = Date.now() - at.getTime();
  if (status === 200) {
    if (call.url.pathname !== '/slow') durations.push(afterMs);
    const pod = /"pod":"([^"]+)"/.exec(text)?.[1] ?? '?';
    answeredBy.set(pod, (answeredBy.get(pod) ?? 0) + 1);
  } else {
    failures.push({ call: call.name, at: at.toISOString(), status, afterMs, what: text.slice(0, 300) });
  }
}

async function answerTo(call: Call): Promise<Answer> {
  try {
    return (await ways[call.protocol]?.(call)) ?? { status: 0, text: `unknown: ${call.name}` };
  } catch (error) {
    return { status: 0, text: String(error) };
  }
}

function overHttp1({ method, url }: Call): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { method, agent, timeout: timeoutMs }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }),
      );
    });
    request.on('timeout', () => request.destroy(new Error('timeout')));
    request.on('error', reject);
    request.end(method === 'POST' ? body : undefined);
  });
}

function overHttp2({ method, url }: Call): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const stream = sessionTo(url.origin).request(
      { ':method': method, ':path': url.pathname },
      { endStream: method !== 'POST' },
    );
    let status = 0;
    const chunks: Buffer[] = [];
    stream.setTimeout(timeoutMs, () => stream.destroy(new Error('timeout')));
    stream.on('response', (headers) => (status = headers[':status'] ?? 0));
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('error', reject);
    stream.on('close', () => resolve({ status, text: Buffer.concat(chunks).toString() }));
    if (method === 'POST') stream.end(body);
  });
}

function overTcp({ url }: Call): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const socket = connectTcp(Number(url.port), url.hostname);
    let text = '';
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error('timeout')));
    socket.on('error', reject);
    socket.on('data', (data: Buffer) => {
      const isGreeted = text !== '';
      text += data.toString();
      if (!isGreeted) socket.write('ping\n');
      if (text.endsWith('ping\n')) socket.end();
    });
    socket.on('close', () =>
      resolve({ status: text.endsWith('ping\n') ? 200 : 0, text: `closed after: ${text}` }),
    );
  });
}

function sessionTo(origin: string): ClientHttp2Session {
  const known = sessions.get(origin);
  if (known !== undefined && !known.closed && !known.destroyed) return known;
  const session = connect(origin);
  session.on('error', () => undefined);
  session.on('goaway', () => sessions.delete(origin));
  sessions.set(origin, session);
  return session;
}

const ways: Readonly<Record<string, (call: Call) => Promise<Answer>>> = {
  'HTTP/1.1': overHttp1,
  'HTTP/2': overHttp2,
  TCP: overTcp,
};

const start = Date.now();
let turn = 0;
const ticking = setInterval(() => {
  const due = ((Date.now() - start) / 1000) * Number(settings.rate);
  for (; turn < due; turn += 1) {
    const call = calls[turn % calls.length];
    if (call !== undefined) void send(call);
  }
}, 2);

process.stdin.resume();
process.stdin.once('end', () => {
  clearInterval(ticking);
  const seconds = (Date.now() - start) / 1000;
  const waiting = setInterval(() => {
    if (open > 0) return;
    clearInterval(waiting);
    report(seconds);
  }, 20);
});

function report(seconds: number): void {
  const sorted = durations.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN;
  const figures = { p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) };
  const rate = Math.round(sent / seconds);
  const pods = Object.fromEntries(answeredBy);
  process.stdout.write(
    `${JSON.stringify({ sent, rate, seconds, failed: failures.length, ...figures, pods, failures: failures.slice(0, 50) })}\n`,
    () => process.exit(),
  );
}
