// A mesh whose root is rotated, as a model: sidecars that take what they are sent when they like, kubelets that write what they fetched a
// while ago, an operator that knows nothing after a restart. Only the steps are real: nextStep.
import type { PresentedLeaf } from '../../../operator/values/presented-leaf.ts';
import {
  beginRotation,
  type Evidence,
  nextStep,
  type Rotation,
  type Step,
  trustsBoth,
} from '../../../operator/certificates/rotation.ts';

type Roots = readonly string[];

/** What a Secret, or the folder of a sidecar, holds. */
interface Files {
  readonly leaf: PresentedLeaf;
  readonly roots: Roots;
}

interface Sidecar {
  readonly name: string;
  secret: Files;
  /** What the kubelet read, and is about to write. */
  fetched: Files | null;
  files: Files;
  /** null: it has not started to serve. */
  trusts: Roots | null;
  /** What the operator knows that it trusts. */
  acknowledged: Roots | null;
  isConnected: boolean;
  /** Of its connection, or its last one; null: the operator does not know. */
  shown: PresentedLeaf | null;
}

export class RotationWorld {
  readonly sidecars: Sidecar[] = [];
  readonly outcomes: string[] = [];
  isAborted = false;
  rotation: Rotation | null = null;
  now = 1_000_500;
  signer = 'root-0';
  other = '';
  #roots = 0;
  #sidecars = 0;

  constructor(count: number) {
    for (let index = 0; index < count; index += 1) {
      this.addSidecar();
      this.#startUp(index);
    }
  }

  #startUp(index: number): void {
    this.connect(index);
    this.takeTrust(index);
    this.acknowledge(index);
  }

  /** Of the mesh. */
  trust(): Roots {
    return this.rotation !== null && trustsBoth(this.rotation) ? this.all() : [this.signer];
  }

  all(): Roots {
    return this.rotation === null ? [this.signer] : [this.signer, this.other].toSorted();
  }

  own(): string {
    return this.rotation?.ownSigner === 'other' ? this.other : this.signer;
  }

  begin(): void {
    if (this.rotation !== null || this.isAborted) return;
    this.#roots += 1;
    this.other = `root-${this.#roots}`;
    this.rotation = beginRotation(this.now);
  }

  addSidecar(): void {
    this.#sidecars += 1;
    const files = this.#freshFiles();
    this.sidecars.push({
      name: `Pod/shop/${this.#sidecars}`,
      secret: files,
      fetched: null,
      files,
      trusts: null,
      acknowledged: null,
      isConnected: false,
      shown: null,
    });
  }

  deleteSidecar(index: number): void {
    this.sidecars.splice(index, 1);
  }

  connect(index: number): void {
    const sidecar = this.sidecars[index];
    if (sidecar === undefined || sidecar.isConnected || this.#refusedAtDoor(sidecar).length > 0) return;
    // It says what it has.
    Object.assign(sidecar, { isConnected: true, shown: sidecar.files.leaf, acknowledged: sidecar.trusts });
  }

  disconnect(index: number): void {
    const sidecar = this.sidecars[index];
    if (sidecar !== undefined) sidecar.isConnected = false;
  }

  takeTrust(index: number): void {
    const sidecar = this.sidecars[index];
    if (sidecar?.isConnected !== true || sidecar.trusts?.join(' ') === this.trust().join(' ')) return;
    // What was sent and is not acknowledged is in doubt.
    Object.assign(sidecar, { trusts: this.trust(), acknowledged: null });
  }

  acknowledge(index: number): void {
    const sidecar = this.sidecars[index];
    if (sidecar?.isConnected === true) sidecar.acknowledged = sidecar.trusts;
  }

  fetch(index: number): void {
    const sidecar = this.sidecars[index];
    if (sidecar !== undefined) sidecar.fetched = sidecar.secret;
  }

  sync(index: number): void {
    const sidecar = this.sidecars[index];
    if (sidecar?.fetched != null) sidecar.files = sidecar.fetched;
  }

  /** As the issuer does it. */
  issue(index: number): void {
    const sidecar = this.sidecars[index];
    if (sidecar === undefined) return;
    const isGood = this.#isGood(sidecar.secret.leaf);
    sidecar.secret = isGood ? { leaf: sidecar.secret.leaf, roots: this.all() } : this.#freshFiles();
  }

  /** It knows nothing of anybody. */
  restartOperator(): void {
    for (const sidecar of this.sidecars)
      Object.assign(sidecar, { isConnected: false, shown: null, acknowledged: null });
  }

  evidence(): Evidence {
    const published = this.trust().join(' ');
    return {
      publishedTrust: published,
      proxies: this.sidecars.map(({ name, isConnected, acknowledged, shown, trusts }) => ({
        workload: name,
        isConnected,
        missingSince: null,
        // A pod whose sidecar has not started yet is not waited for.
        hasPublishedTrust: trusts === null ? !isConnected : acknowledged?.join(' ') === published,
        leaf: trusts === null && !isConnected ? this.#freshFiles().leaf : shown,
      })),
    };
  }

  step(): Step | null {
    const { rotation, signer, now, isAborted } = this;
    if (rotation === null) return null;
    const step = nextStep(rotation, {
      now,
      isAborted,
      wanted: { trust: this.trust().join(' '), signer },
      evidence: this.evidence(),
      isOperatorReady: this.sidecars.every(({ secret }) => this.#isGood(secret.leaf)),
    });
    if (step.type === 'wait') return step;
    if (step.type === 'end') {
      this.outcomes.push(step.outcome);
      [this.rotation, this.other] = [null, ''];
    } else {
      if (step.swaps) [this.signer, this.other] = [this.other, this.signer];
      this.rotation = step.rotation;
    }
    return step;
  }

  /** What is wrong: nobody may be refused by anybody. */
  refusals(): readonly string[] {
    const serving = this.sidecars.filter(({ trusts }) => trusts !== null);
    const between = serving.flatMap((caller) =>
      serving
        .filter(({ trusts }) => trusts?.includes(caller.files.leaf.root) === false)
        .map((server) => `${server.name} refuses ${caller.name}`),
    );
    // One that has not started to serve harms nobody while it waits for its kubelet.
    return [...between, ...serving.flatMap((sidecar) => this.#refusedAtDoor(sidecar))];
  }

  #refusedAtDoor({ name, files }: Sidecar): readonly string[] {
    return [
      ...(files.roots.includes(this.own()) ? [] : [`${name} refuses the operator`]),
      ...(this.all().includes(files.leaf.root) ? [] : [`the operator refuses ${name}`]),
    ];
  }

  #isGood({ root, issuedMs }: PresentedLeaf): boolean {
    const { rotation } = this;
    return root === this.signer && (rotation?.phase !== 'Switch' || issuedMs >= rotation.leavesFromMs);
  }

  #freshFiles(): Files {
    const from = this.rotation?.phase === 'Switch' ? this.rotation.leavesFromMs : 0;
    const issuedMs = Math.floor(Math.max(this.now, from) / 1000) * 1000;
    return { leaf: { root: this.signer, issuedMs }, roots: this.all() };
  }
}
