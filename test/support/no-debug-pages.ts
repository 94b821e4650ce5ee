// For an admin server that is asked for other pages.
import type { DebugProviders } from '../../operator/admin/pages.ts';

const nothing = (): null => null;

export const noDebugPages: DebugProviders = {
  resources: nothing,
  ir: nothing,
  proxies: nothing,
  traffic: nothing,
  hosts: nothing,
  snapshot: nothing,
  status: nothing,
};
