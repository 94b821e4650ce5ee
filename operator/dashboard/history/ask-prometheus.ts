// One question to Prometheus over HTTP, within a bound of its answer. Entry: askPrometheus; it never rejects.
import { causeOf } from '../../providers/reason.ts';
import type { Asked } from './answer.ts';

export type AskPrometheus = (address: URL, signal: AbortSignal) => Promise<Asked>;

/** Six response classes with 169 points take about 30 KB. */
const mostBytes = 256 * 1024;

export const askPrometheus: AskPrometheus = async (address, signal) => {
  try {
    // Whoever writes the Mesh has named this address, and no other.
    const response = await fetch(address, {
      redirect: 'manual',
      signal,
      headers: { accept: 'application/json' },
    });
    const text = await textOf(response);
    return text === null ? { type: 'large', mostBytes } : { type: 'answered', status: response.status, text };
  } catch (error) {
    return signal.aborted ? { type: 'late' } : { type: 'unreachable', reason: causeOf(error) };
  }
};

/** null: it is too large. Whatever is unread is given up. */
async function textOf({ body }: Response): Promise<string | null> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body ?? []) {
    size += chunk.length;
    if (size > mostBytes) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
