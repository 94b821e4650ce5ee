// The kinds of Kubernetes that make pods from a template: those that can be given sidecars.

export const workloadKinds = ['Deployment', 'StatefulSet', 'DaemonSet', 'CronJob'] as const;
export type WorkloadKind = (typeof workloadKinds)[number];
