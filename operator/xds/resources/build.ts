// MeshIr → Envoy resources, in layers that proxies share.
import type { MeshIr } from '../../ir/mesh-ir.ts';
import type { XdsResources } from './xds-resource.ts';

export interface BuildOptions {
  /** PEM of the roots that sidecars trust, concatenated. */
  readonly trustBundle: string;
}

export function buildResources(_ir: MeshIr, _options: BuildOptions): XdsResources {
  return { layers: new Map(), views: new Map() };
}
