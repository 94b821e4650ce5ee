// A batch of changes as messages of bounded size, and back. What comes from a peer is checked before it is believed.
import { z } from 'zod';
import type { Change } from './changes.ts';

/** Aimed at, in bytes: small enough to be read and written between two other things. */
const messageBytes = 64 * 1024;
/** Refused above, in bytes. */
const messageAtMost = 4 * 1024 * 1024;
/** Names in one change of versions. */
const namesAtMost = 500;

const text = z.string().max(16_384);
const texts = z.array(text).max(100_000);
const ids = z.array(z.int().nonnegative()).max(100_000);

const change = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('versions'),
    layer: text,
    typeUrl: text,
    set: z.array(z.tuple([text, text], text)).max(100_000),
    unset: texts,
  }),
  z.object({ type: z.literal('layersGone'), layers: texts }),
  z.object({
    type: z.literal('proxy'),
    id: z.int().nonnegative(),
    workload: text,
    nodeId: z.string(),
    leaf: z.object({ root: text, issuedMs: z.number() }).exactOptional(),
    layers: z.array(text).max(100),
    ageMs: z.number().nonnegative(),
  }),
  z.object({
    type: z.literal('ackState'),
    ids,
    lagging: z.array(z.object({ typeUrl: text, names: texts.nullable() })).max(100),
    rejected: z.array(z.object({ typeUrl: text, name: text, message: text })).max(1000),
    former: z.array(z.object({ typeUrl: text, name: text, origins: texts.nullable() })).max(1000),
    atRest: z.boolean(),
  }),
  z.object({ type: z.literal('proxiesGone'), ids }),
  z.object({
    type: z.literal('counted'),
    workload: text,
    points: z
      .array(
        z.object({
          metric: text,
          tags: z.record(text, text),
          count: z.number().nonnegative(),
          buckets: z.array(z.number().nonnegative()).max(100).nullable(),
        }),
      )
      .max(20_000),
  }),
]) satisfies z.ZodType<Change>;

const message = z.object({
  /** Who reports: the holder's name it would write into the Lease. */
  replica: text.min(1),
  changes: z.array(change).max(100_000),
  /** The batch is complete. */
  end: z.boolean(),
});
export type Message = z.infer<typeof message>;

export type Read =
  | { readonly ok: true; readonly message: Message }
  /** `problem`: a full sentence. */
  | { readonly ok: false; readonly problem: string };

export function readMessage(bytes: Buffer): Read {
  if (bytes.length > messageAtMost) return unreadable(`it has ${bytes.length} bytes`);
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    return unreadable(String(error));
  }
  const parsed = message.safeParse(value);
  if (parsed.success) return { ok: true, message: parsed.data };
  const [first] = parsed.error.issues;
  return unreadable(`${first?.path.join('.') ?? ''}: ${first?.message ?? ''}`);
}

function unreadable(why: string): Read {
  return { ok: false, problem: `The message cannot be read: ${why}.` };
}

/** At least one, the last of them with `end`. Made one after the other, as they are asked for. */
export function* writeBatch(replica: string, changes: readonly Change[]): Generator<Buffer> {
  let parts: string[] = [];
  let bytes = 0;
  const head = `{"replica":${JSON.stringify(replica)},"changes":[`;
  for (const whole of changes) {
    for (const piece of piecesOf(whole)) {
      const json = JSON.stringify(piece);
      if (parts.length > 0 && bytes + json.length > messageBytes) {
        yield Buffer.from(`${head}${parts.join(',')}],"end":false}`);
        parts = [];
        bytes = 0;
      }
      parts.push(json);
      bytes += json.length;
    }
  }
  yield Buffer.from(`${head}${parts.join(',')}],"end":true}`);
}

function* piecesOf(whole: Change): Generator<Change> {
  if (whole.type !== 'versions') {
    yield whole;
    return;
  }
  const { set, unset } = whole;
  const longest = Math.max(set.length, unset.length);
  for (let at = 0; at < longest; at += namesAtMost) {
    const until = at + namesAtMost;
    yield { ...whole, set: set.slice(at, until), unset: unset.slice(at, until) };
  }
}
