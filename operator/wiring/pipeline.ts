// The one direction, stage after stage: Resources → IR → Envoy resources → snapshot → proxies. Holds the last good
// outcome of each stage; an error in one stage is counted and logged, and never empties what is served.
import type { IdentityIr, MeshIr } from '../ir/mesh-ir.ts';
import type { Log } from '../process/log.ts';
import type { Stage } from '../process/metrics.ts';
import type { Verdict } from '../conditions/conditions.ts';
import type { Resources } from '../store/resources.ts';
import { createTranslator } from '../translate/translator.ts';
import { buildResources } from '../envoy/resources/build.ts';
import { buildSnapshot, isSameContent, type SnapshotTools } from '../xds/snapshot/snapshot.ts';
import type { Snapshot } from '../xds/snapshot/types.ts';

export interface PipelineOptions {
  readonly tools: SnapshotTools;
  readonly log: Log;
  readonly metrics: {
    stageDone(stage: Stage, durationMs: number): void;
    resourcesInvalid(count: number): void;
  };
  /** Keys of the workloads whose proxies are connected: only their own layers are built. */
  readonly connectedWorkloads: () => ReadonlySet<string>;
  /** Certificates are to be kept for these from now on. Called when identities, workloads or settings may have changed. */
  readonly onIdentities: (identities: readonly IdentityIr[], ir: MeshIr) => void;
  /** Called when what proxies are to have differs from before. */
  readonly onSnapshot: (snapshot: Snapshot) => void;
  /** Verdicts or snapshot may be new. */
  readonly onOutcome: () => void;
}

export interface Pipeline {
  settled(resources: Resources): void;
  /** Nothing is published before the first one. */
  trust(bundle: string): void;
  /** Other workloads are connected than before. */
  rebuild(): void;
  readonly now: () => Outcome;
}

/** The last good outcome of each stage. */
export interface Outcome {
  readonly resources: Resources | null;
  readonly ir: MeshIr | null;
  readonly verdicts: readonly Verdict[];
  readonly snapshot: Snapshot | null;
}

export function createPipeline(options: PipelineOptions): Pipeline {
  let outcome: Outcome = { resources: null, ir: null, verdicts: [], snapshot: null };
  let bundle: string | null = null;
  const translate = createTranslator();

  const publish = (): void => {
    // While no Mesh is in force proxies keep what they have.
    if (outcome.ir === null || bundle === null) return;
    const { ir, snapshot: previous } = outcome;
    const trustBundle = bundle;
    const resources = timed(options, 'build', () =>
      buildResources(ir, { trustBundle, workloads: options.connectedWorkloads() }),
    );
    const snapshot = timed(options, 'publish', () => buildSnapshot(previous, resources, options.tools));
    options.metrics.resourcesInvalid(snapshot.invalid.length);
    logInvalid(options.log, previous, snapshot);
    const isNew = previous === null || !isSameContent(previous, snapshot);
    outcome = { ...outcome, snapshot };
    if (isNew) options.onSnapshot(snapshot);
  };

  const guarded = (work: () => void): void => {
    try {
      work();
    } catch (error) {
      options.log.error({ error }, 'stage failed, keeping the last good configuration');
    }
    options.onOutcome();
  };

  return {
    now: () => outcome,
    settled: (resources) =>
      guarded(() => {
        const { ir, verdicts } = timed(options, 'translate', () => translate(resources));
        const before = outcome.ir;
        outcome = { ...outcome, resources, ir, verdicts };
        if (ir !== null && !hasSameWorkloads(before, ir)) options.onIdentities(ir.identities, ir);
        publish();
      }),
    rebuild: () => guarded(publish),
    trust: (text) =>
      guarded(() => {
        bundle = text;
        publish();
      }),
  };
}

/** Whether nothing that certificates and authorization depend on has changed. */
function hasSameWorkloads(before: MeshIr | null, ir: MeshIr): boolean {
  return (
    before !== null &&
    before.identities === ir.identities &&
    before.workloads === ir.workloads &&
    before.settings === ir.settings
  );
}

function timed<T>(options: PipelineOptions, stage: Stage, work: () => T): T {
  const start = performance.now();
  const result = work();
  options.metrics.stageDone(stage, performance.now() - start);
  return result;
}

function logInvalid(log: Log, previous: Snapshot | null, snapshot: Snapshot): void {
  const known = new Set(previous?.invalid.map(({ name, message }) => `${name} ${message}`));
  for (const { layer, typeUrl, name, message } of snapshot.invalid) {
    if (!known.has(`${name} ${message}`))
      log.warn({ layer, typeUrl, name, problem: message }, 'resource failed validation, not published');
  }
}
