// Looks at the first bytes of a connection, before a filter chain is chosen: whether a TLS handshake begins, and for which server name.
import { any, extension } from './typed-config.ts';

export const inspectorType = 'envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector';

export const tlsInspector = extension('envoy.filters.listener.tls_inspector', inspectorType);

/** Its configuration alone. */
export const inspecting = any(inspectorType);
