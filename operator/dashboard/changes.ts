// The latest publications, and how long it took until all proxies had acknowledged each. Pure: the time is an argument. Entry: ChangeLog.
import { originText } from '../ir/origin.ts';
import type { Entry, Layer, Snapshot } from '../xds/snapshot/types.ts';
import type { Change } from './views/json.ts';

const mostChanges = 100;
const mostObjects = 10;

interface Draft extends Omit<Change, 'at' | 'tookMs'> {
  readonly atMs: number;
  readonly startMs: number;
  tookMs: number | null;
}

/** `monotonicMs` measures, `wallMs` is shown. */
export interface Moment {
  readonly monotonicMs: number;
  readonly wallMs: number;
}

export class ChangeLog {
  #snapshot: Snapshot | null = null;
  /** The latest last. */
  #changes: Draft[] = [];

  published(snapshot: Snapshot, { monotonicMs, wallMs }: Moment): void {
    const entries = changedEntries(this.#snapshot, snapshot);
    this.#snapshot = snapshot;
    const objects = [...new Set(entries.flatMap(({ origins }) => origins.map(originText)))].toSorted();
    this.#changes.push({
      atMs: wallMs,
      startMs: monotonicMs,
      objects: objects.slice(0, mostObjects),
      more: Math.max(0, objects.length - mostObjects),
      resources: entries.length,
      tookMs: null,
    });
    this.#changes = this.#changes.slice(-mostChanges);
  }

  /** Whether any waits. */
  isOpen(): boolean {
    return this.#changes.at(-1)?.tookMs === null;
  }

  /** All proxies have acknowledged all that is published. */
  settled({ monotonicMs }: Pick<Moment, 'monotonicMs'>): void {
    for (const change of this.#changes) change.tookMs ??= monotonicMs - change.startMs;
  }

  latestFirst(): readonly Change[] {
    return this.#changes.toReversed().map(({ atMs, objects, more, resources, tookMs }) => ({
      at: new Date(atMs).toISOString(),
      objects,
      more,
      resources,
      tookMs,
    }));
  }
}

/** What differs, also what is gone: layers and entries that did not change keep their identity. */
function changedEntries(before: Snapshot | null, after: Snapshot): readonly Entry[] {
  const changed: Entry[] = [];
  const ids = new Set([...(before?.layers.keys() ?? []), ...after.layers.keys()]);
  for (const id of ids) {
    const [old, now] = [before?.layers.get(id), after.layers.get(id)];
    if (old !== now) changed.push(...changedIn(old, now));
  }
  return changed;
}

const nothing: Layer = new Map();
const noEntries: ReadonlyMap<string, Entry> = new Map();

function changedIn(before: Layer = nothing, after: Layer = nothing): readonly Entry[] {
  const typeUrls = new Set([...before.keys(), ...after.keys()]);
  return [...typeUrls].flatMap((typeUrl) => {
    const old = before.get(typeUrl)?.entries ?? noEntries;
    const now = after.get(typeUrl)?.entries ?? noEntries;
    if (old === now) return [];
    const made = [...now.values()].filter(({ name, version }) => old.get(name)?.version !== version);
    return [...made, ...[...old.values()].filter(({ name }) => !now.has(name))];
  });
}
