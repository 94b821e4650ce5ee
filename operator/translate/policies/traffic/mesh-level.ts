// The lowest level of all settings: what the Mesh in force says of calls to all Services.
import type { Mesh } from '../../../../api/v1alpha1/mesh.ts';
import type { ServicePortIr } from '../../../ir/service.ts';
import { originOf } from '../../facts/origins.ts';
import type { Settings } from '../setting.ts';
import { tcpSettings } from './destination/destination.ts';
import type { PortTraffic } from './resolve.ts';
import { defaultSettings, isSetting, type PortSettings, portSettingsOf } from './settings.ts';

/** What is in effect at a port about which no policy says anything. */
export type Untouched = Readonly<Record<ServicePortIr['protocol'], PortTraffic>>;

export function meshLevel(mesh: Mesh): Untouched {
  const written = portSettingsOf(mesh.spec.defaults);
  return {
    HTTP: { ...nothing, settings: over(written, mesh) },
    TCP: { ...nothing, settings: over(tcpSettings(written), mesh) },
  };
}

const nothing = { routing: null, limits: null, consumers: [] };

function over(written: Readonly<Partial<PortSettings>>, mesh: Mesh): Settings<PortSettings> {
  let settings = defaultSettings;
  for (const [slot, value] of Object.entries(written)) {
    if (isSetting(slot)) settings = { ...settings, [slot]: { value, origin: originOf(mesh) } };
  }
  return settings;
}
