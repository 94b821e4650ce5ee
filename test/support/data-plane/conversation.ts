// A TCP connection that goes on: what is said is echoed, or the connection is over. Entry: startConversation.
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Closing } from './closing.ts';

export interface Conversation {
  /** Resolves to what was answered, or to `over` when the other end has closed the connection, before or instead of an answer. */
  say(words: string): Promise<string>;
}

const over = 'over';

export interface Opening {
  readonly port: number;
  /** With which the other end begins. */
  readonly greeting: string;
  /** What is said before the greeting has been heard. Default: nothing. */
  readonly words?: string;
}

/** Resolves when the greeting, and the echo of the first words, have been heard. @throws when it is closed before */
export async function startConversation(
  { port, greeting, words: first = '' }: Opening,
  closing: Closing,
): Promise<Conversation> {
  const socket = connect({ host: '127.0.0.1', port });
  closing.add(async () => void socket.destroy());
  socket.setEncoding('latin1');
  // A reset is one of the ways to be closed.
  socket.on('error', () => undefined);
  let heard = '';
  const closed = new Promise<readonly []>((resolve) => void socket.once('close', () => resolve([])));
  const hear = async (length: number): Promise<string> => {
    while (heard.length < length) {
      // oxlint-disable-next-line no-await-in-loop -- one piece after the other
      const [piece]: readonly unknown[] = await Promise.race([
        once(socket, 'data').catch(() => closed),
        closed,
      ]);
      if (typeof piece !== 'string') return over;
      heard += piece;
    }
    const said = heard;
    heard = '';
    return said;
  };
  socket.write(first, 'latin1');
  if ((await hear(greeting.length + first.length)) !== greeting + first)
    throw new Error('there was no greeting');
  return {
    say: async (words) => {
      if (socket.closed) return over;
      socket.write(words, 'latin1');
      return hear(words.length);
    },
  };
}
