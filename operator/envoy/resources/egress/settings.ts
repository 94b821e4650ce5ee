// What of the Mesh is about hosts outside of it.
import type { MeshSettingsIr } from '../../../ir/mesh-ir.ts';

export type EgressSettings = Pick<MeshSettingsIr, 'allowedHosts' | 'learnsHosts' | 'outboundMode' | 'origin'>;
