// Small worlds for protocol tests: entries whose content is their version, views made of them, and requests.
import type { DeltaFields } from './envoy/discovery-client.ts';
import type { DeltaRequest, SotwRequest } from '../../operator/xds/session/events.ts';
import { typeUrl, type TypeUrl } from '../../operator/envoy/proto/type-urls.ts';
import { initialVersionsOf, noInitialVersions } from '../../operator/xds/wire/initial-resource-versions.ts';
import { PerType } from '../../operator/xds/session/per-type.ts';
import type { Entry } from '../../operator/xds/snapshot/types.ts';
import type { Stack, View } from '../../operator/xds/session/view.ts';

export const {
  cluster: CDS,
  endpoint: EDS,
  listener: LDS,
  route: RDS,
  virtualHost: VHDS,
  secret: SDS,
  extensionConfig: ECDS,
  runtime: RTDS,
} = typeUrl;

export interface EntryOptions {
  readonly clusters?: readonly string[];
  readonly exclusiveKeys?: readonly string[];
  readonly doesNothing?: true;
}

/** Its origin is of the generation that the version has in figures: 1 if it has none. */
export function entry(name: string, version: string, options: EntryOptions = {}): Entry {
  return {
    name,
    version,
    any: Buffer.from(`${name}@${version}`),
    origins: [{ kind: 'Test', namespace: '', name, generation: Number(/\d+/.exec(version)?.[0] ?? 1) }],
    clusters: options.clusters ?? [],
    exclusiveKeys: options.exclusiveKeys ?? [],
    ...(options.doesNothing && { doesNothing: true }),
  };
}

/** `{[CDS]: 'a@1 b@2'}`, or entries where they need references. */
export type World = Partial<Record<TypeUrl, string | readonly Entry[]>>;

export function view(world: World): View {
  let stacks = PerType.none<Stack>();
  for (const [type, content] of Object.entries(world) as [TypeUrl, string | readonly Entry[]][]) {
    const entries = typeof content === 'string' ? parse(content) : content;
    stacks = stacks.with(type, [{ typeUrl: type, entries: new Map(entries.map((it) => [it.name, it])) }]);
  }
  return { layers: ['test'], stacks };
}

function parse(content: string): readonly Entry[] {
  return content
    .split(' ')
    .filter((word) => word !== '')
    .map((word) => entry(word.split('@')[0] ?? '', word.split('@')[1] ?? ''));
}

export function delta(type: TypeUrl, fields: Omit<DeltaFields, 'typeUrl' | 'node'> = {}): DeltaRequest {
  const { initialVersions, ...rest } = fields;
  return {
    typeUrl: type,
    subscribe: [],
    unsubscribe: [],
    initialVersions: initialVersions === undefined ? noInitialVersions : initialVersionsOf(initialVersions),
    nonce: '',
    error: null,
    ...rest,
  };
}

export function sotw(type: TypeUrl, fields: Partial<Omit<SotwRequest, 'typeUrl'>> = {}): SotwRequest {
  return { typeUrl: type, names: [], versionInfo: '', nonce: '', error: null, ...fields };
}
