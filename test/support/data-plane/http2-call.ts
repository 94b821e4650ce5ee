// A caller over HTTP/2 that may stop in the middle of what it has to say.
import { connect } from 'node:http2';

export interface Http2Answer {
  /** Headers and trailers. */
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface Http2Call {
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Says no more after the body, and does not end. */
  readonly stalls?: boolean;
}

/** Resolves when the stream has ended. */
export async function callHttp2(
  port: number,
  { headers, body = '', stalls = false }: Http2Call,
): Promise<Http2Answer> {
  const session = connect(`http://127.0.0.1:${port}`);
  session.on('error', () => undefined);
  try {
    const stream = session.request({ ':method': 'POST', ...headers });
    const fields: Record<string, unknown> = {};
    stream.on('response', (head) => Object.assign(fields, head));
    stream.on('trailers', (trailers) => Object.assign(fields, trailers));
    stream.on('error', () => undefined);
    stream.write(body);
    if (!stalls) stream.end();
    stream.resume();
    await new Promise<void>((resolve) => {
      stream.on('close', resolve);
    });
    return { fields };
  } finally {
    session.destroy();
  }
}
