// Where things are, as Google Cloud names it: the monitored resource of a workload. Pure.
// @see https://cloud.google.com/monitoring/api/resources
import type { GoogleCloudIr } from '../../ir/provider.ts';
import type { Source } from '../signals.ts';

export interface Place {
  readonly project: string;
  /** null: nobody knows, such as outside of Google Cloud. */
  readonly cluster: GoogleCloudIr['cluster'];
}

export interface MonitoredResource {
  readonly type: 'k8s_pod' | 'generic_task';
  readonly labels: Readonly<Record<string, string>>;
}

/** A pod, if its cluster is known; else, and for a machine, a task of a job that is named as its service account. */
export function resourceOf(source: Source, { project, cluster }: Place): MonitoredResource {
  const { kind, namespace, name, serviceAccount } = source;
  if (kind === 'Pod' && cluster !== null) {
    return {
      type: 'k8s_pod',
      labels: {
        project_id: project,
        location: cluster.location,
        cluster_name: cluster.name,
        namespace_name: namespace,
        pod_name: name,
      },
    };
  }
  const location = cluster?.location ?? 'global';
  return {
    type: 'generic_task',
    labels: { project_id: project, location, namespace, job: serviceAccount, task_id: name },
  };
}

/** RFC 3339, to the nanosecond. */
export function timeOf(ns: bigint): string {
  const seconds = new Date(Number(ns / 1_000_000_000n) * 1_000).toISOString().slice(0, -'.000Z'.length);
  return `${seconds}.${String(ns % 1_000_000_000n).padStart(9, '0')}Z`;
}

/** At most so many bytes of UTF-8, and how many bytes that leaves out. */
export function truncated(text: string, most: number): { readonly value: string; readonly left: number } {
  const bytes = Buffer.from(text);
  if (bytes.length <= most) return { value: text, left: 0 };
  let end = most;
  // Not within a character: its further bytes begin with 10.
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return { value: bytes.toString('utf8', 0, end), left: bytes.length - end };
}
