// What the leader writes into the Lease about itself: who it is, and where the other replicas reach it. Pure.

export interface Holder {
  /** Of the pod, or of the host outside a cluster: for people. */
  readonly name: string;
  /** host:port of its xDS port; an IPv6 host is in brackets. */
  readonly address: string;
  /** Different for each start. */
  readonly nonce: string;
}

/** `<name>_<host:port>_<nonce>`; underscores of the name, which host names may have, become dashes. Throws when another part is empty or has one. */
export function formatHolder({ name, address, nonce }: Holder): string {
  const parts = [name.replaceAll('_', '-'), address, nonce];
  const bad = parts.find((part) => part === '' || part.includes('_'));
  if (bad !== undefined) {
    throw new Error(`${JSON.stringify(bad)} cannot be part of a holder: it is empty or has an underscore.`);
  }
  return parts.join('_');
}

/** null for what formatHolder did not write: another program's Lease, or that of an older version. */
export function parseHolder(text: string): Holder | null {
  const [name = '', address = '', nonce = '', ...rest] = text.split('_');
  if (name === '' || nonce === '' || rest.length > 0) return null;
  return /^(\[[0-9a-fA-F:.]+\]|[^:[\]/\s]+):\d{1,5}$/.test(address) ? { name, address, nonce } : null;
}
