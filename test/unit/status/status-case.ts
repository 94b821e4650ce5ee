// Reads a status case: verdicts, layers and proxies by names, as the aggregation takes them.
import { parse } from 'yaml';
import type { ObjectStatus } from '../../../operator/ports/platform.ts';
import type { AggregateInput } from '../../../operator/status/aggregate.ts';
import { conditionType, reason, type Verdict } from '../../../operator/conditions/conditions.ts';
import { type TypeUrl, typeUrl } from '../../../operator/envoy/proto/type-urls.ts';
import type { ProxyReport, RejectedResource } from '../../../operator/xds/session/proxy-report.ts';
import type { Entry, Layer, Snapshot } from '../../../operator/xds/snapshot/types.ts';
import { originText } from '../../../operator/ir/origin.ts';
import { originOf } from '../../support/origins.ts';

/** Layer → short type → resource → origins, each `Kind/namespace/name@generation`. */
export type LayerNames = Record<string, Record<string, Record<string, string[]>>>;

export interface SnapshotNames {
  readonly layers: LayerNames;
  readonly views?: Record<string, string[]>;
  readonly invalid?: { layer: string; type: string; name: string; origins: string[]; message: string }[];
}

/** Resources by `<short type> <name>`. */
export interface ProxyNames {
  readonly layers: string[];
  readonly lagging?: string[];
  /** Since when it has not had everything. */
  readonly since?: string;
  /** When it left. */
  readonly left?: string;
  /** Resource → Envoy's words. */
  readonly rejected?: Record<string, string>;
  /** Resource that it still runs → its origins; null: nobody knows them. */
  readonly former?: Record<string, string[] | null>;
}

interface StatusCase {
  readonly verdicts: { origin: string; accepted?: boolean; unmeshed?: string[] }[];
  readonly snapshot: SnapshotNames | null;
  readonly proxies: Record<string, ProxyNames>;
  /** Workload → its layers, the origins of what only it is to have, and since when it is missed. */
  readonly absent?: Record<string, { layers: string[]; origins: string[]; since?: string }>;
  readonly certificates?: { rootNotAfter?: string; nextRenewal?: string; problems: string[] };
  readonly previous?: Record<string, ObjectStatus>;
  readonly proven?: Record<string, number>;
  /** Origin → its spec. */
  readonly specs?: Record<string, unknown>;
}

const now = new Date('2026-01-01T00:00:10.250Z');

export function readStatusCase(text: string): AggregateInput {
  const read: StatusCase = parse(text);
  const { rootNotAfter, nextRenewal, problems } = read.certificates ?? { problems: [] };
  const snapshot = read.snapshot && snapshotOf(read.snapshot);
  return {
    verdicts: read.verdicts.map(({ origin, accepted, unmeshed = [] }) => {
      return { ...verdictOf(origin, accepted ?? true), unmeshed };
    }),
    snapshot,
    operatorNamespace: 'meshwright-system',
    proxies: snapshot
      ? Object.entries(read.proxies).map(([workload, names]) => proxyOf(workload, names, snapshot))
      : [],
    absent: Object.entries(read.absent ?? {}).map(([workload, { layers, origins, since }]) => {
      return { workload, layers, origins: origins.map(originOf), since: since ? new Date(since) : now };
    }),
    certificates: {
      problems,
      ...(rootNotAfter !== undefined && { rootNotAfter: new Date(rootNotAfter) }),
      ...(nextRenewal !== undefined && { nextRenewal: new Date(nextRenewal) }),
    },
    keys: [],
    providers: [],
    audits: [],
    transitions: { places: [], reports: [] },
    previous: new Map(Object.entries(read.previous ?? {})),
    proven: new Map(Object.entries(read.proven ?? {})),
    specifiedOf: (origin) => {
      const spec = read.specs?.[originText(origin)];
      return spec === undefined ? undefined : { metadata: origin, spec };
    },
    now,
  };
}

export function verdictOf(origin: string, accepted: boolean): Verdict {
  return {
    origin: originOf(origin),
    conditions: [
      accepted
        ? {
            type: conditionType.accepted,
            status: 'True',
            reason: reason.accepted,
            message: 'It is in force.',
          }
        : {
            type: conditionType.accepted,
            status: 'False',
            reason: reason.invalid,
            message: 'Correct the field.',
          },
    ],
  };
}

export function snapshotOf({ layers, views, invalid }: SnapshotNames): Snapshot {
  return {
    generation: 1,
    layers: new Map(Object.entries(layers).map(([id, types]) => [id, layerOf(types)])),
    views: new Map(Object.entries(views ?? {})),
    invalid: (invalid ?? []).map(({ type, origins, ...rest }) => ({
      ...rest,
      typeUrl: urlOf(type),
      origins: origins.map(originOf),
    })),
  };
}

export function proxyOf(workload: string, names: ProxyNames, snapshot: Snapshot): ProxyReport {
  const find = (resource: string): Omit<RejectedResource, 'message'> => {
    const [type = '', name = ''] = resource.split(' ');
    const entries = names.layers.map((id) => snapshot.layers.get(id)?.get(urlOf(type))?.entries.get(name));
    const entry = entries.find((candidate) => candidate !== undefined);
    if (entry === undefined) throw new Error(`Proxy ${workload} has no ${resource}.`);
    return { typeUrl: urlOf(type), name, origins: entry.origins };
  };
  const rejected = Object.entries(names.rejected ?? {}).map(([name, message]) => ({
    ...find(name),
    message,
  }));
  const since = names.left ?? names.since;
  const lagging = [...(names.lagging ?? []).map(find), ...rejected];
  return {
    workload,
    nodeId: workload,
    connectedAtMs: 0,
    leftAtMs: names.left === undefined ? null : 1,
    since: since === undefined ? null : new Date(since),
    layers: names.layers,
    lagging,
    rejected,
    former: Object.entries(names.former ?? {}).map(([resource, origins]) => {
      const [type = '', name = ''] = resource.split(' ');
      return { typeUrl: urlOf(type), name, origins: origins?.map(originOf) ?? null };
    }),
    atRest: (names.lagging ?? []).length === 0,
  };
}

function layerOf(types: LayerNames[string]): Layer {
  return new Map(
    Object.entries(types).map(([type, resources]) => [
      urlOf(type),
      {
        typeUrl: urlOf(type),
        entries: new Map(Object.entries(resources).map(([name, origins]) => [name, entryOf(name, origins)])),
      },
    ]),
  );
}

function entryOf(name: string, origins: readonly string[]): Entry {
  return {
    name,
    version: '1',
    any: new Uint8Array(),
    origins: origins.map(originOf),
    clusters: [],
    exclusiveKeys: [],
  };
}

function urlOf(shortType: string): TypeUrl {
  const found = Object.values(typeUrl).find((url) => url.endsWith(`.${shortType}`));
  if (found === undefined) throw new Error(`There is no type ${shortType}.`);
  return found;
}
