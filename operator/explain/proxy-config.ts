// What one proxy is told, by type and name.
import type { EnvoyMessage } from '../envoy/proto/envoy-message.ts';
import { type TypeUrl, typeUrl } from '../envoy/proto/type-urls.ts';
import type { XdsResource, XdsResources } from '../envoy/resources/xds-resource.ts';

export interface ProxyConfig {
  readonly listeners: ReadonlyMap<string, XdsResource>;
  /** Route tables. */
  readonly routes: ReadonlyMap<string, XdsResource>;
  readonly virtualHosts: ReadonlyMap<string, XdsResource>;
  readonly clusters: ReadonlyMap<string, XdsResource>;
  /** Configurations of filters. */
  readonly extensions: ReadonlyMap<string, XdsResource>;
  /** By cluster. */
  readonly endpoints: ReadonlyMap<string, XdsResource>;
  /** Who is believed. */
  readonly secrets: ReadonlyMap<string, XdsResource>;
  /** Values of runtime layers. */
  readonly runtime: ReadonlyMap<string, XdsResource>;
}

/** Of the proxy of that workload: all layers that it sees. */
export function proxyConfig({ layers, views }: XdsResources, workload: string): ProxyConfig {
  const seen = (views.get(workload) ?? []).flatMap((id) => layers.get(id) ?? []);
  const ofType = (type: TypeUrl): ReadonlyMap<string, XdsResource> =>
    new Map(seen.filter((it) => it.typeUrl === type).map((it) => [it.name, it]));
  return {
    listeners: ofType(typeUrl.listener),
    routes: ofType(typeUrl.route),
    virtualHosts: ofType(typeUrl.virtualHost),
    clusters: ofType(typeUrl.cluster),
    extensions: ofType(typeUrl.extensionConfig),
    endpoints: ofType(typeUrl.endpoint),
    secrets: ofType(typeUrl.secret),
    runtime: ofType(typeUrl.runtime),
  };
}

export function messagesOf(resources: ReadonlyMap<string, XdsResource>): readonly EnvoyMessage[] {
  return [...resources.values()].map(({ message }) => message);
}
