// One real request through the visitor's sidecar, and many of them at a time.
import { Agent, get } from 'node:http';
import { isAnswer, type Answer } from '../shop/answer.ts';

export interface Reply {
  /** 0: there was no HTTP answer at all. */
  readonly status: number;
  readonly body: string;
  /** Only of a service of the shop. */
  readonly answer: Answer | undefined;
}

export type Headers = Readonly<Record<string, string>>;

const agent = new Agent({ keepAlive: true });

/** GET at a port of 127.0.0.1. Never rejects: a broken connection is a reply with status 0. */
export function call(port: number, headers: Headers = {}, path = '/'): Promise<Reply> {
  return new Promise((resolve) => {
    const request = get({ host: '127.0.0.1', port, path, headers, agent, timeout: 10_000 });
    const failed = (error: Error): void => resolve({ status: 0, body: error.message, answer: undefined });
    request.on('error', failed);
    request.on('timeout', () => request.destroy(new Error('no answer within 10 s')));
    request.on('response', (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => (body += part));
      response.on('error', failed);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body, answer: parseAnswer(body) }),
      );
    });
  });
}

/** Closes the connections kept for further calls. */
export function closeConnections(): void {
  agent.destroy();
}

/** `count` calls, `parallel` (default 6) at a time. */
export async function callMany(count: number, one: () => Promise<Reply>, parallel = 6): Promise<Reply[]> {
  const replies: Reply[] = [];
  let started = 0;
  const caller = async (): Promise<void> => {
    while (started < count) {
      started += 1;
      // oxlint-disable-next-line no-await-in-loop -- each caller waits for its answer
      replies.push(await one());
    }
  };
  await Promise.all(Array.from({ length: parallel }, caller));
  return replies;
}

function parseAnswer(body: string): Answer | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return isAnswer(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
