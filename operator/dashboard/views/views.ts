// Which view is at which path. Pure.
import { certificatesView } from './certificates-view.ts';
import { graphView } from './graph-view.ts';
import type { ChangesView } from './json.ts';
import { nodeView } from './node-view.ts';
import { auditView, policiesView, policyView } from './policies.ts';
import { proxiesView } from './proxies.ts';
import type { Source } from './source.ts';

export interface ViewRequest {
  readonly source: Source;
  readonly parameters: URLSearchParams;
}

/** null: there is no such thing. */
type View = (request: ViewRequest) => object | null;

export const views: ReadonlyMap<string, View> = new Map<string, View>([
  ['graph', ({ source, parameters }) => graphView(source, windowOf(parameters))],
  ['node', ({ source, parameters }) => nodeView(source, parameters.get('id') ?? '', windowOf(parameters))],
  ['policies', ({ source }) => policiesView(source)],
  ['policy', ({ source, parameters }) => policyView(source, parameters.get('key') ?? '')],
  ['audit', ({ source }) => auditView(source)],
  ['proxies', ({ source }) => proxiesView(source)],
  ['certificates', ({ source }) => certificatesView(source)],
  ['changes', ({ source: { changes } }): ChangesView => ({ changes })],
]);

const windowsMs: readonly number[] = [60_000, 600_000, 3_600_000];

/** Milliseconds; a minute, if nothing or something else is asked for. */
function windowOf(parameters: URLSearchParams): number {
  const asked = Number(parameters.get('window')) * 1000;
  return windowsMs.find((it) => it === asked) ?? 60_000;
}
