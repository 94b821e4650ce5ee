// A header that is set over whatever was there.
import type { EnvoyMessage } from '../proto/envoy-message.ts';

export function setHeader(key: string, value: string): EnvoyMessage {
  return { header: { key, value }, append_action: 'OVERWRITE_IF_EXISTS_OR_ADD' };
}
