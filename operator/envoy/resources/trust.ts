// The trust bundle, by SDS over ADS: so that its adoption by each proxy is acknowledged like everything else.
import type { Origin } from '../../ir/origin.ts';
import { typeUrl } from '../proto/type-urls.ts';
import { trustSecret } from './names.ts';
import { resource } from './resource.ts';
import type { XdsResource } from './xds-resource.ts';

/** @param trustBundle PEM of all trusted roots, concatenated. */
export function buildTrust(trustBundle: string, mesh: Origin): XdsResource {
  return resource(typeUrl.secret, {
    name: trustSecret,
    message: { name: trustSecret, validation_context: { trusted_ca: { inline_string: trustBundle } } },
    origins: [mesh],
  });
}
