// The fence around @dot-i/k8s-operator: its life cycle (start, init, stop), registration, watch and status calls, with
// what is wrong in them replaced. Upstream ends the process when a watch fails, forgets deletions while it
// reconnects, logs and swallows failed writes, and asks client-node 2 for a base path it no longer has.
import type { KubeConfig } from '@kubernetes/client-node';
import dotI, { type ResourceEvent, type ResourceMeta } from '@dot-i/k8s-operator';
import type { Log } from '../../process/log.ts';
import type { StoredKind } from '../../objects/objects.ts';
import type { ApiCaller, ApiReader, ApiStreamer } from './http/api-client.ts';
import { type CrdDefinition, installCrd } from './crds.ts';
import type { Feed } from './feed.ts';
import { type InformerSettings, runInformer } from './informer/informer.ts';
import type { Identity } from './informer/inventory.ts';
import { apiVersionOf, type ResourceKind, resourcePath } from './kinds.ts';
import { rawObject, type RawObject } from './informer/raw-object.ts';
import type { JitteredClock } from './http/jittered-clock.ts';
import { fieldManager } from '../../values/own-names.ts';

const { default: Operator, ResourceEventType } = dotI;

export interface MeshOperatorOptions {
  readonly kubeConfig: KubeConfig;
  /** One attempt a call: informers have their own way of repeating. */
  readonly api: ApiReader & ApiStreamer;
  /** Repeats calls; for everything but informers. */
  readonly retryingApi: ApiCaller;
  readonly kinds: readonly ResourceKind[];
  readonly clock: JitteredClock;
  readonly log: Log;
  readonly informer: InformerSettings;
}

export class MeshOperator extends Operator {
  readonly #options: MeshOperatorOptions;
  readonly #stopping = new AbortController();
  readonly #informers: Promise<void>[] = [];
  #feed: Feed | undefined;

  constructor(options: MeshOperatorOptions) {
    const { log } = options;
    super({
      debug: (detail) => log.debug({ detail }, 'operator'),
      info: (detail) => log.info({ detail }, 'operator'),
      warn: (detail) => log.warn({ detail }, 'operator'),
      error: (detail) => log.error({ detail }, 'operator'),
    });
    // Upstream has loaded the default kubeconfig by now; ours may be another.
    this.kubeConfig = options.kubeConfig;
    this.#options = options;
  }

  /** Watches until the signal aborts; calls `synced` once, when every kind has been delivered in full. */
  async run(feed: Feed, synced: () => void, signal: AbortSignal): Promise<void> {
    this.#feed = feed;
    const stop = (): void => this.stop();
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    await this.start();
    if (!signal.aborted) synced();
    await Promise.all(this.#informers);
  }

  /** Creates or updates a custom resource definition and waits until the API server serves it, or until `stop`. */
  async install(definition: CrdDefinition): Promise<void> {
    await this.registerCustomResourceDefinition(definition);
  }

  /** Replaces the status. Rejects with what the API server says, 409 if `meta` is not the newest version. */
  async replaceStatus(meta: ResourceMeta, status: unknown): Promise<void> {
    await this.setResourceStatus(meta, status);
  }

  override stop(): void {
    this.#stopping.abort();
  }

  /** Resolves when all kinds have been listed once. */
  protected override async init(): Promise<void> {
    await Promise.all(this.#options.kinds.map((kind) => this.#watchKind(kind)));
  }

  async #watchKind({ kind, group, version, plural }: ResourceKind): Promise<void> {
    // Not async inside: events of an object must reach the feed in their order.
    await this.watchResource(group, version, plural, (event) => Promise.resolve(this.#deliver(kind, event)));
  }

  #deliver(kind: StoredKind, event: ResourceEvent): void {
    if (event.type === ResourceEventType.Deleted) {
      this.#feed?.remove(kind, { namespace: event.meta.namespace ?? '', name: event.meta.name });
      return;
    }
    this.#feed?.upsert(kind, rawObject(event.object));
  }

  /** Our informer in place of upstream's watch. Resolves when the first list has been delivered. */
  protected override async watchResource(
    group: string,
    version: string,
    plural: string,
    onEvent: (event: ResourceEvent) => Promise<void>,
  ): Promise<void> {
    const kind = this.#options.kinds.find((each) => each.plural === plural && each.group === group);
    if (kind === undefined) throw new Error(`${plural}.${group} is not one of the kinds in kinds.ts`);
    const type = { id: `${plural}.${apiVersionOf(kind)}`, apiVersion: apiVersionOf(kind), kind: kind.kind };
    const send = (what: EventType, object: RawObject): void => {
      const event = {
        meta: metaOf(type, object),
        type: what,
        object: { ...object, apiVersion: type.apiVersion, kind: type.kind },
      };
      onEvent(event).catch((err: unknown) => this.#options.log.error({ kind: kind.kind, err }, 'event lost'));
    };
    // The inherited finalizer calls look the address up there.
    this['resourcePathBuilders'][type.id] = (meta: ResourceMeta) =>
      this.getCustomResourceApiUri(group, version, plural, meta.namespace);
    const { api, clock, log, informer: settings } = this.#options;
    await new Promise<void>((listed) => {
      const sink = {
        upsert: (object: RawObject) => send(ResourceEventType.Modified, object),
        remove: (identity: Identity) => send(ResourceEventType.Deleted, tombstone(identity)),
        listed,
      };
      this.#informers.push(
        runInformer({ kind, api, sink, clock, log, settings }, this.#stopping.signal).finally(listed),
      );
    });
  }

  /** By server-side apply, and waits until it is served; upstream calls an API that client-node 2 does not have. */
  protected override async registerCustomResourceDefinition(
    crd: string | CrdDefinition,
  ): Promise<{ group: string; versions: CrdDefinition['spec']['versions']; plural: string }> {
    if (typeof crd === 'string') throw new Error(`pass the definition itself, not its path: ${crd}`);
    const { retryingApi: api, clock, log } = this.#options;
    await installCrd(crd, { api, clock, log, signal: this.#stopping.signal });
    return { group: crd.spec.group, versions: crd.spec.versions, plural: crd.spec.names.plural };
  }

  protected override getCustomResourceApiUri(
    group: string,
    version: string,
    plural: string,
    namespace?: string,
  ): string {
    const cluster = this.kubeConfig.getCurrentCluster();
    if (cluster === null) throw new Error('The kubeconfig has no current cluster. Set current-context.');
    return cluster.server.replace(/\/$/, '') + resourcePath({ group, version, plural }, namespace);
  }

  /** Upstream logs a failure and returns null; this one rejects, and has a timeout. */
  protected override async setResourceStatus(meta: ResourceMeta, status: unknown): Promise<ResourceMeta> {
    const [plural = ''] = meta.id.split('.');
    const [version = '', group = ''] = meta.apiVersion.split('/').toReversed();
    const { name, namespace, resourceVersion, apiVersion, kind } = meta;
    const metadata = { name, resourceVersion, ...(namespace === undefined ? {} : { namespace }) };
    const answer = await this.#options.retryingApi.call({
      method: 'PUT',
      path: `${resourcePath({ group, version, plural }, namespace)}/${encodeURIComponent(name)}/status`,
      query: { fieldManager },
      body: { apiVersion, kind, metadata, status },
    });
    return { ...meta, resourceVersion: rawObject(answer).metadata.resourceVersion };
  }
}

type EventType = ResourceEvent['type'];

interface TypeOfObject {
  readonly id: string;
  readonly apiVersion: string;
  readonly kind: string;
}

function metaOf(
  type: TypeOfObject,
  { metadata: { name, namespace, resourceVersion } }: RawObject,
): ResourceMeta {
  return { ...type, name, resourceVersion, ...(namespace === undefined ? {} : { namespace }) };
}

/** What is left of an object that a fresh list no longer has. */
function tombstone({ namespace, name }: Identity): RawObject {
  return { metadata: { name, namespace, resourceVersion: '' } };
}
