// What the views are made from: all that the operator knows at one moment.
import type { MeshIr } from '../../ir/mesh-ir.ts';
import type { Pod } from '../../objects/objects.ts';
import type { Observations } from '../../telemetry/observations.ts';
import type { ProxyReport } from '../../xds/session/proxy-report.ts';

export interface Source {
  readonly ir: MeshIr | null;
  readonly pods: readonly Pod[];
  readonly observations: Observations;
  readonly proxies: readonly ProxyReport[];
  /** Milliseconds since 1970. */
  readonly nowMs: number;
}
