// The plain form of Envoy messages, which builders write and the codec turns into bytes.

/**
 * An Envoy message as plain data, in protobuf field names (snake_case) as Envoy's documentation writes them;
 * a google.protobuf.Any is the message with an `@type` key; durations are made by `duration(ms)`.
 */
export type EnvoyMessage = { readonly [field: string]: EnvoyValue };
export type EnvoyValue = string | number | boolean | null | EnvoyMessage | readonly EnvoyValue[];
