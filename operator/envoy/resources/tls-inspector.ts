// Looks at the first bytes of a connection, before a filter chain is chosen: whether a TLS handshake begins, and for which server name.
import { any, extension } from './typed-config.ts';

export const inspectorType = 'envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector';

/** Of the first bytes of a connection. Envoy reserves 16 KiB otherwise, for clients that say nothing, too; it grows when it is too small. */
const buffer = { initial_read_buffer_size: 1024 };

export const tlsInspector = extension('envoy.filters.listener.tls_inspector', inspectorType, buffer);

/** Its configuration alone. */
export const inspecting = any(inspectorType, buffer);
