// What has changed at this replica since its last report to the leader. Pure. The cost is that of the change: layers and
// reports are immutable, and what is still the same object is not looked into.
import type { ProxyReport } from '../xds/session/proxy-report.ts';
import type { TypeUrl } from '../envoy/proto/type-urls.ts';
import type { LayerId } from '../envoy/resources/xds-resource.ts';
import type { Entry, Layer, Snapshot, TypeLayer } from '../xds/snapshot/types.ts';
import { originText } from '../ir/origin.ts';
import type { ServedEntry, StateChange } from './changes.ts';
import { ackStateOf } from './ack-state.ts';

/** This replica's own: its snapshot, and the reports of its proxies on this very snapshot. */
export interface Own {
  readonly snapshot: Snapshot | null;
  readonly proxies: readonly ProxyReport[];
}

/** What was reported to the leader. */
export interface Reported {
  readonly layers: ReadonlyMap<LayerId, Layer>;
  /** By node and time of connecting: a workload may have two streams. */
  readonly streams: ReadonlyMap<string, ReportedStream>;
  readonly nextId: number;
}

interface ReportedStream {
  readonly id: number;
  readonly report: ProxyReport;
}

/** What clients say of themselves is bounded, so that nobody's makes a report unreadable. In characters. */
const nodeIdAtMost = 1024;

export const nothingReported: Reported = { layers: new Map(), streams: new Map(), nextId: 1 };

export interface Delta {
  readonly reported: Reported;
  readonly changes: readonly StateChange[];
}

/** `nowMs`: of the clock of `connectedAtMs`. */
export function deltaOf(reported: Reported, own: Own, nowMs: number): Delta {
  // The leader notices by itself who has left.
  const proxies = own.proxies.filter(({ leftAtMs }) => leftAtMs === null);
  const layers = layersInUse({ ...own, proxies });
  const { streams, nextId } = streamsOf(reported, proxies);
  const changes = [
    ...versionChanges(reported.layers, layers),
    ...proxyChanges(reported.streams, streams, nowMs),
    ...ackStateChanges(reported.streams, streams),
    ...goneProxies(reported.streams, streams),
  ];
  return { reported: { layers, streams, nextId }, changes };
}

function layersInUse({ snapshot, proxies }: Own): ReadonlyMap<LayerId, Layer> {
  const used = new Map<LayerId, Layer>();
  for (const { layers } of proxies) {
    for (const id of layers) {
      const layer = used.has(id) ? undefined : snapshot?.layers.get(id);
      if (layer !== undefined) used.set(id, layer);
    }
  }
  return used;
}

function streamsOf(
  reported: Reported,
  proxies: readonly ProxyReport[],
): Pick<Reported, 'streams' | 'nextId'> {
  const streams = new Map<string, ReportedStream>();
  let { nextId } = reported;
  for (const report of proxies) {
    const base = `${report.nodeId} ${report.connectedAtMs}`;
    let key = base;
    for (let count = 2; streams.has(key); count += 1) key = `${base} ${count}`;
    const id = reported.streams.get(key)?.id ?? nextId++;
    streams.set(key, { id, report });
  }
  return { streams, nextId };
}

function* versionChanges(
  before: ReadonlyMap<LayerId, Layer>,
  now: ReadonlyMap<LayerId, Layer>,
): Generator<StateChange> {
  for (const [id, layer] of now) {
    const old = before.get(id);
    if (old !== layer) yield* layerChanges(id, old, layer);
  }
  const layers = [...before.keys()].filter((id) => !now.has(id));
  if (layers.length > 0) yield { type: 'layersGone', layers };
}

function* layerChanges(layer: LayerId, before: Layer | undefined, now: Layer): Generator<StateChange> {
  const types: ReadonlySet<TypeUrl> = new Set([...now.keys(), ...(before?.keys() ?? [])]);
  for (const typeUrl of types) {
    const [old, present] = [before?.get(typeUrl), now.get(typeUrl)];
    if (old === present) continue;
    const { set, unset } = entryChanges(old?.entries ?? noEntries, present?.entries ?? noEntries);
    if (set.length + unset.length > 0) yield { type: 'versions', layer, typeUrl, set, unset };
  }
}

type Entries = TypeLayer['entries'];
const noEntries: Entries = new Map();

function servedEntry({ name, version, origins }: Entry): ServedEntry {
  return [name, version, ...origins.map(originText)];
}

function entryChanges(before: Entries, now: Entries): { set: ServedEntry[]; unset: string[] } {
  const set: ServedEntry[] = [];
  for (const [name, entry] of now) {
    const old = before.get(name);
    if (old === entry) continue;
    const served = servedEntry(entry);
    if (old === undefined || servedEntry(old).join(' ') !== served.join(' ')) set.push(served);
  }
  const unset = [...before.keys()].filter((name) => !now.has(name));
  return { set, unset };
}

type Streams = Reported['streams'];

function* proxyChanges(before: Streams, now: Streams, nowMs: number): Generator<StateChange> {
  for (const [key, { id, report }] of now) {
    const old = before.get(key)?.report;
    if (old === report || (old !== undefined && isSameProxy(old, report))) continue;
    const { workload, leaf = null, layers, connectedAtMs } = report;
    const ageMs = Math.max(0, Math.round(nowMs - connectedAtMs));
    const nodeId = report.nodeId.slice(0, nodeIdAtMost);
    yield { type: 'proxy', id, workload, nodeId, ...(leaf !== null && { leaf }), layers, ageMs };
  }
}

function isSameProxy(a: ProxyReport, b: ProxyReport): boolean {
  return a.workload === b.workload && (a.layers === b.layers || a.layers.join(' ') === b.layers.join(' '));
}

/** Proxies in the same state are reported together: a thousand proxies that wait for the same thing name it once. */
function* ackStateChanges(before: Streams, now: Streams): Generator<StateChange> {
  const groups = new Map<string, { ids: number[]; report: ProxyReport }>();
  for (const [key, { id, report }] of now) {
    const old = before.get(key)?.report;
    if (old === report) continue;
    const { text } = ackStateOf(report);
    // A proxy that is reported again is reported as a whole.
    if (old !== undefined && isSameProxy(old, report) && ackStateOf(old).text === text) continue;
    const group = groups.get(text);
    if (group === undefined) groups.set(text, { ids: [id], report });
    else group.ids.push(id);
  }
  for (const { ids, report } of groups.values())
    yield { type: 'ackState', ids, ...ackStateOf(report).ackState };
}

function* goneProxies(before: Streams, now: Streams): Generator<StateChange> {
  const ids: number[] = [];
  for (const [key, { id }] of before) if (!now.has(key)) ids.push(id);
  if (ids.length > 0) yield { type: 'proxiesGone', ids };
}
