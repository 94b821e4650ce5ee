// The port to what makes pods from templates: read as it is now, changed in our part alone. platform/kubernetes
// implements it; only reconcile and uninstall use it. It knows neither what our part is nor when to write it.
import type { WorkloadKind } from '../values/workload-kinds.ts';

export interface WorkloadRef {
  readonly kind: WorkloadKind;
  readonly namespace: string;
  readonly name: string;
}

export interface WorkloadPort {
  kubernetesVersion(): Promise<{ readonly major: number; readonly minor: number }>;
  /** As the API server has it now; undefined: it is gone. */
  read(ref: WorkloadRef): Promise<LiveWorkload | undefined>;
  /** Of all namespaces. */
  list(kind: WorkloadKind): Promise<readonly LiveWorkload[]>;
  /** Server-side apply by our field manager. dryRun: answers as if, and stores nothing. */
  apply(
    ref: WorkloadRef,
    body: unknown,
    options: { readonly force: boolean; readonly dryRun: boolean },
  ): Promise<WriteOutcome>;
  /** A strategic merge patch. */
  merge(ref: WorkloadRef, body: unknown): Promise<WriteOutcome>;
  /** Creates it, or sets these keys; others stay. No owner: pods may mount it for longer than any Mesh lives. */
  keepConfigMap(namespace: string, name: string, data: Readonly<Record<string, string>>): Promise<void>;
  /** The same one again only renews its time. */
  event(about: EventSubject, event: WorkloadEvent): Promise<void>;
}

/** A LiveWorkload is one. */
export interface EventSubject {
  readonly ref: {
    readonly kind: WorkloadKind | 'Service';
    readonly namespace: string;
    readonly name: string;
  };
  readonly uid: string;
}

export interface WorkloadEvent {
  readonly type: 'Normal' | 'Warning';
  /** One CamelCase word. */
  readonly reason: string;
  readonly message: string;
}

/** Whatever else goes wrong rejects, and may work later. message: the API server's own words. */
export type WriteOutcome =
  | { readonly type: 'written'; readonly workload: LiveWorkload }
  /** Somebody was faster, it is another object of that name, or (without force) somebody else owns a field. */
  | { readonly type: 'conflict'; readonly message: string }
  | { readonly type: 'gone' }
  /** It is not valid, or not allowed. */
  | { readonly type: 'refused'; readonly message: string };

export interface LiveWorkload {
  readonly ref: WorkloadRef;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation: number;
  readonly isDeleting: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly managers: readonly FieldManager[];
  readonly template: LiveTemplate;
  readonly rollout: RolloutFacts;
}

/** @see https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management */
export interface FieldManager {
  readonly name: string;
  readonly operation: string;
  /** '' for the object itself. */
  readonly subresource: string;
  /** Of its last change; milliseconds since 1970, NaN if unknown. */
  readonly timeMs: number;
  /** FieldsV1, below spec.template. undefined: it owns nothing there. */
  readonly templateFields: unknown;
}

export interface LiveTemplate {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** All of it; what is named here is read by somebody. */
  readonly spec: {
    readonly [field: string]: unknown;
    readonly serviceAccountName?: string | undefined;
    readonly hostNetwork?: boolean | undefined;
    readonly os?: { readonly name: string } | undefined;
    readonly nodeSelector?: Readonly<Record<string, string>> | undefined;
    readonly terminationGracePeriodSeconds?: number | undefined;
    readonly securityContext?: { readonly runAsUser?: number | undefined } | undefined;
    readonly initContainers?: readonly LiveContainer[] | undefined;
    readonly containers: readonly LiveContainer[];
    readonly volumes?: readonly { readonly name: string }[] | undefined;
  };
}

export interface LiveContainer {
  readonly [field: string]: unknown;
  readonly name: string;
  readonly securityContext?: { readonly runAsUser?: number | undefined } | undefined;
}

/** How far the present template has come, in the same words for all kinds. */
export interface RolloutFacts {
  readonly isPaused: boolean;
  /** A changed template reaches pods by itself: not with OnDelete, a partition, or the next run of a CronJob. */
  readonly isAutomatic: boolean;
  /** The generation the rest is about. */
  readonly observedGeneration: number;
  readonly wanted: number;
  /** Of the present template. */
  readonly updated: number;
  /** Of older templates. */
  readonly outdated: number;
  /** Of any template. */
  readonly available: number;
  /** The controller has given up; its words. */
  readonly failure: string | undefined;
}
