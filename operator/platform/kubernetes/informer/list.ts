// A complete list of one kind, page by page. Entry: listAll.
import { z } from 'zod';
import type { ApiCaller } from '../http/api-client.ts';
import { isApiError } from '../http/api-error.ts';
import { apiVersionOf, type ResourceKind, resourcePath } from '../kinds.ts';
import { RawObject } from './raw-object.ts';

const Page = z.object({
  metadata: z.object({ resourceVersion: z.string(), continue: z.string().optional() }),
  items: z.array(RawObject).nullable(),
});

export interface Listing {
  readonly objects: readonly RawObject[];
  /** Where a watch goes on from this list. */
  readonly resourceVersion: string;
}

export interface ListOptions {
  readonly kind: ResourceKind;
  readonly pageSize: number;
  readonly signal: AbortSignal;
}

/**
 * The newest state. A list that takes so long that its pages expire (410) is asked for again in one piece.
 * @see https://kubernetes.io/docs/reference/using-api/api-concepts/#retrieving-large-results-sets-in-chunks
 */
export async function listAll(api: ApiCaller, options: ListOptions): Promise<Listing> {
  try {
    return await listPages(api, options, '');
  } catch (error) {
    if (!isApiError(error, 410)) throw error;
    return await listPages(api, { ...options, pageSize: 0 }, '');
  }
}

async function listPages(api: ApiCaller, options: ListOptions, from: string): Promise<Listing> {
  const query = {
    ...(options.pageSize > 0 ? { limit: String(options.pageSize) } : {}),
    ...(from === '' ? {} : { continue: from }),
  };
  const answer = await api.call({ method: 'GET', path: resourcePath(options.kind), query }, options.signal);
  const page = Page.parse(answer);
  // Items of a list do not say what they are.
  const type = { apiVersion: apiVersionOf(options.kind), kind: options.kind.kind };
  const objects = (page.items ?? []).map((item) => Object.assign(item, type));
  const next = page.metadata.continue ?? '';
  if (next === '') return { objects, resourceVersion: page.metadata.resourceVersion };
  const rest = await listPages(api, options, next);
  return { objects: [...objects, ...rest.objects], resourceVersion: rest.resourceVersion };
}
