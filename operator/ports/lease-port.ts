// The port to a Lease: one record that several operators read and one of them holds. operator/replicas/lease.ts has
// the rules. @see https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/lease-v1/

export interface LeaseRecord {
  /** '' if it was released. */
  readonly holder: string;
  readonly durationSeconds: number;
  /** How often the holder has changed. */
  readonly transitions: number;
  /** RFC 3339 with microseconds. For people: nobody compares it with a clock of his own. */
  readonly renewTime: string;
}

export interface StoredLease extends LeaseRecord {
  readonly resourceVersion: string;
}

export interface LeasePort {
  read(): Promise<StoredLease | undefined>;
  /** over undefined: creates it. Resolves to what is stored now; conflict: somebody was faster. */
  write(record: LeaseRecord, over: StoredLease | undefined): Promise<StoredLease | 'conflict'>;
}
