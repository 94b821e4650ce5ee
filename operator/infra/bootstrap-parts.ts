// What bootstraps are written with: plain JSON, as Envoy reads it.

export type Json = Readonly<Record<string, unknown>>;

export const overAds: Json = { ads: {}, resource_api_version: 'V3' };

/** How long a sidecar that starts waits for what it can do without. */
export const firstAnswerTimeout = '2s';

export function socketAddress(address: string, port: number): Json {
  return { socket_address: { address, port_value: port } };
}
