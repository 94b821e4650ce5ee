// Which view is at which path. Pure.
import { graphView } from './graph-view.ts';
import type { Source } from './source.ts';

export interface ViewRequest {
  readonly source: Source;
  readonly parameters: URLSearchParams;
}

/** null: there is no such thing. */
type View = (request: ViewRequest) => object | null;

export const views: ReadonlyMap<string, View> = new Map<string, View>([
  ['graph', ({ source, parameters }) => graphView(source, windowOf(parameters))],
]);

const windowsMs: readonly number[] = [60_000, 600_000, 3_600_000];

/** Milliseconds; a minute, if nothing or something else is asked for. */
function windowOf(parameters: URLSearchParams): number {
  const asked = Number(parameters.get('window')) * 1000;
  return windowsMs.find((it) => it === asked) ?? 60_000;
}
