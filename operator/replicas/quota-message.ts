// What sidecars and the owner of quotas tell each other, by way of the replica to which a sidecar is connected. Pure.

export interface QuotaMessage {
  /** report: of a sidecar, to the leader. assignment: of the leader, to a sidecar. */
  readonly type: 'report' | 'assignment';
  /** Key of its workload. */
  readonly sidecar: string;
  /** As Envoy sends and reads it. */
  readonly bytes: Uint8Array;
}

/** The key in a line of its own, then the bytes. */
export function writeQuotaMessage({ sidecar, bytes }: Omit<QuotaMessage, 'type'>): Buffer {
  return Buffer.concat([Buffer.from(`${sidecar}\n`), bytes]);
}

/** null: it has no line of its own. */
export function readQuotaMessage(message: Buffer): Omit<QuotaMessage, 'type'> | null {
  const end = message.indexOf('\n');
  if (end < 1) return null;
  return { sidecar: message.toString('utf8', 0, end), bytes: message.subarray(end + 1) };
}
