// A complete list of one kind, page by page. Entry: listPages.
import { setImmediate } from 'node:timers/promises';
import { z } from 'zod';
import type { ApiReader } from '../http/api-client.ts';
import { apiVersionOf, type ServedKind, resourcePath, selectorOf } from '../kinds.ts';
import { isProtobuf, isRead as isProtobufRead, protobufType, readList } from '../protobuf/list.ts';
import { pruned, rawObject, type RawObject } from './raw-object.ts';

const Page = z.object({
  metadata: z.object({ resourceVersion: z.string(), continue: z.string().optional() }),
  items: z.array(z.unknown()).nullable(),
});

const json = 'application/json';
/** Kinds of Kubernetes itself come as protobuf: a quarter of the bytes, most of which are passed over. Others come as JSON. */
const protobuf = `${protobufType}, ${json}`;

export interface ListPage {
  readonly objects: readonly RawObject[];
  /** Of the last page: where a watch goes on from this list. */
  readonly resourceVersion: string;
}

export interface ListOptions {
  readonly kind: ServedKind;
  /** 0: everything in one page. */
  readonly pageSize: number;
  readonly signal: AbortSignal;
}

/**
 * The newest state. While a page is worked on, the server prepares the next one. Throws ApiError 410 if it takes so long that the
 * rest of the pages has expired.
 * @see https://kubernetes.io/docs/reference/using-api/api-concepts/#retrieving-large-results-sets-in-chunks
 */
export async function* listPages(
  api: ApiReader,
  { kind, pageSize, signal }: ListOptions,
): AsyncGenerator<ListPage, void, void> {
  const path = resourcePath(kind, kind.only?.namespace);
  const limit = { ...(pageSize > 0 && { limit: String(pageSize) }), ...selectorOf(kind) };
  const accept = isProtobufRead(kind.kind) ? protobuf : json;
  const ask = (token: Record<string, string>): Promise<Buffer> => {
    const answer = api.read({ method: 'GET', path, query: { ...limit, ...token }, accept }, signal);
    // Nobody may come for it, if the page before cannot be used.
    answer.catch(() => undefined);
    return answer;
  };
  let answer: Promise<Buffer> | null = ask({});
  while (answer !== null) {
    // oxlint-disable-next-line no-await-in-loop -- each page says where the next one begins
    const page = parse(kind, await answer);
    const { continue: next = '', resourceVersion } = page.metadata;
    answer = next === '' ? null : ask({ continue: next });
    // oxlint-disable-next-line no-await-in-loop -- the request leaves with the next turn of the event loop, the work comes after it
    if (answer !== null) await setImmediate();
    yield { objects: page.objects(), resourceVersion };
  }
}

interface Parsed {
  readonly metadata: z.infer<typeof Page>['metadata'];
  readonly objects: () => readonly RawObject[];
}

function parse(kind: ServedKind, body: Buffer): Parsed {
  // Items of a list do not say what they are.
  const type = { apiVersion: apiVersionOf(kind), kind: kind.kind };
  if (isProtobuf(body)) {
    const { metadata, items } = readList(kind.kind, body);
    const objects = (): RawObject[] =>
      items.map((item) => rawObject({ ...type, metadata: item.metadata, [pruned]: item }));
    return { metadata, objects };
  }
  const { metadata, items } = Page.parse(JSON.parse(body.toString()));
  return { metadata, objects: () => (items ?? []).map((item) => Object.assign(rawObject(item), type)) };
}
