// What is to be in force for one object: the document that is written if it is valid, else the last one that was,
// else, for a policy that guards, what closes its targets. Notes in the ledger what has to outlive the process.
import type { ObjectMeta } from '../../../api/metadata.ts';
import type { StoredObject } from '../../objects/objects.ts';
import type { Finding } from './catalog.ts';
import { closedPolicy } from '../closed-policy.ts';
import { admitCore, isCoreKind } from './core-kinds.ts';
import { type FileDocument, fileDocument, type Placed, type RawDocument } from './folder/documents.ts';
import type { FileRef } from './folder/file-kinds.ts';
import { lineOfField } from './folder/yaml-lines.ts';
import { type Ledger, uidOf } from './state/ledger.ts';
import type { Entry } from './state/object-files.ts';

/** Judges a document of our own kinds, complete with metadata; defaults are filled in. */
export type Admit = (
  document: Readonly<Record<string, unknown>>,
) =>
  | { readonly ok: true; readonly object: StoredObject }
  | { readonly ok: false; readonly problems: readonly string[] };

export interface Judgement {
  /** What the sink is to have; undefined if nothing of the object is in force. hash: the same for the same version. */
  readonly inForce: { readonly hash: string; readonly object: () => StoredObject } | undefined;
  readonly refusal: Refusal | undefined;
}

interface Refusal {
  readonly generation: number;
  /** Full sentences. */
  readonly problems: readonly string[];
  /** What is in force in its place, if that is not its last valid version; a full sentence. */
  readonly instead: string | undefined;
}

export interface JudgePorts {
  readonly admit: Admit;
  readonly ledger: Ledger;
}

type Verdict = ReturnType<Admit>;

export class Judge {
  readonly #ports: JudgePorts;
  /** What admission said of a document at a generation: most of them are the same from look to look. */
  readonly #verdicts = new WeakMap<FileDocument, { generation: number; verdict: Verdict }>();

  constructor(ports: JudgePorts) {
    this.#ports = ports;
  }

  /** mayClose: a policy that is not valid and of which no valid version is known may have been in force before. */
  judge(finding: Finding, mayClose: boolean, now: number): Judgement {
    return finding.kind === 'document'
      ? this.#judgeDocument(finding.document, finding.rival, { mayClose, now })
      : this.#judgeBroken(finding, { mayClose, now });
  }

  /** Of an object that no file describes at present: what was in force goes on. */
  kept(entry: Entry): Judgement {
    return { inForce: this.#lastValid(entry), refusal: undefined };
  }

  #judgeDocument(
    placed: Placed<FileDocument>,
    rival: string | undefined,
    { mayClose, now }: { mayClose: boolean; now: number },
  ): Judgement {
    const { content, file } = placed;
    const { ref, hash, raw } = content;
    const entry = this.#ports.ledger.note({ ref, file, hash: content.specHash }, now);
    const verdict = this.#admit(content, entry);
    if (!verdict.ok) {
      const problems = verdict.problems.map((problem) => `${lineOf(placed, problem)}: ${problem}`);
      return this.#refused(entry, problems, mayClose ? raw : undefined);
    }
    this.#ports.ledger.setValid(ref, raw, hash);
    const { generation } = entry;
    return {
      inForce: { hash: `${generation} ${hash}`, object: () => verdict.object },
      refusal: rival === undefined ? undefined : { generation, problems: [rival], instead: undefined },
    };
  }

  #judgeBroken(
    finding: Extract<Finding, { kind: 'broken' }>,
    { mayClose, now }: { mayClose: boolean; now: number },
  ): Judgement {
    // What cannot be read is no new generation: mended without a change, the object is what it was.
    const entry = this.#ports.ledger.note({ ...finding, hash: undefined }, now);
    return this.#refused(entry, [finding.problem], mayClose ? finding.raw : undefined);
  }

  /** raw: what may be read of a policy, if it may be closed. */
  #refused(entry: Entry, problems: readonly string[], raw: RawDocument | undefined): Judgement {
    const { generation } = entry;
    const inForce = this.#lastValid(entry);
    if (inForce !== undefined || entry.ref.kind !== 'SecurityPolicy')
      return { inForce, refusal: { generation, problems, instead: undefined } };
    const closed = this.#closed(entry, raw);
    const document = closed && fileDocument(closed.raw);
    if (document === undefined) {
      const instead = 'Nothing of it is enforced.';
      return { inForce, refusal: { generation, problems, instead } };
    }
    this.#ports.ledger.setStandIn(entry.ref, document.raw);
    return {
      inForce: this.#version(entry, { document, generation }),
      refusal: { generation, problems, instead: closed?.effect },
    };
  }

  /** What is written now counts, if its targets can be read; else what stood in before. */
  #closed(entry: Entry, raw: RawDocument | undefined): ReturnType<typeof closedPolicy> {
    const isValid = (document: RawDocument): boolean =>
      this.#ports.admit({ ...document, metadata: metadataOf(entry, 1, undefined) }).ok;
    const fresh = raw === undefined ? undefined : closedPolicy(raw, isValid);
    return fresh ?? (entry.standIn && closedPolicy(entry.standIn, isValid));
  }

  #lastValid(entry: Entry): Judgement['inForce'] {
    const document = entry.valid && fileDocument(entry.valid.document);
    if (entry.valid === undefined || document === undefined) return undefined;
    return this.#version(entry, { document, generation: entry.valid.generation });
  }

  /** undefined if it is not valid: what another version of the operator took. */
  #version(entry: Entry, of: { document: FileDocument; generation: number }): Judgement['inForce'] {
    const verdict = this.#admit(of.document, { ...entry, generation: of.generation });
    if (!verdict.ok) return undefined;
    return { hash: `${of.generation} ${of.document.hash}`, object: () => verdict.object };
  }

  #admit(document: FileDocument, entry: Entry): Verdict {
    const { generation } = entry;
    const known = this.#verdicts.get(document);
    if (known?.generation === generation) return known.verdict;
    const metadata = metadataOf(entry, generation, document);
    const verdict = isCoreKind(document.ref.kind)
      ? admitCore(document.ref.kind, document.raw['spec'], metadata)
      : this.#ports.admit({ ...document.raw, metadata });
    this.#verdicts.set(document, { generation, verdict });
    return verdict;
  }
}

export function metadataOf(
  { ref, creationTimestamp }: { ref: FileRef; creationTimestamp: string },
  generation: number,
  document: Pick<FileDocument, 'labels' | 'annotations'> | undefined,
): ObjectMeta {
  const { labels, annotations } = document ?? {};
  return {
    name: ref.name,
    ...(ref.namespace !== '' && { namespace: ref.namespace }),
    uid: uidOf(ref),
    generation,
    creationTimestamp,
    ...(labels !== undefined && { labels }),
    ...(annotations !== undefined && { annotations }),
  };
}

/** `a.yaml, line 12`, of the field that the problem is about. */
function lineOf(placed: Placed<FileDocument>, problem: string): string {
  const line = placed.firstLine + (lineOfField(placed.text, problem) ?? 0);
  return `${placed.file}, line ${line}`;
}
