// Plain forms of google.protobuf's own messages, for those who build Envoy messages.
// A wrapper (UInt32Value, BoolValue…) is its bare value, a Struct is a plain object: those need no help.

/** A google.protobuf.Duration as plain data. */
export interface DurationMessage {
  readonly [field: string]: number;
  readonly seconds: number;
  /** 0 to 999,999,999; of the sign of the seconds. */
  readonly nanos: number;
}

/** A google.protobuf.Duration of `milliseconds`, which may have a fraction. */
export function duration(milliseconds: number): DurationMessage {
  const seconds = Math.trunc(milliseconds / 1000);
  return { seconds, nanos: Math.round((milliseconds - seconds * 1000) * 1e6) };
}
