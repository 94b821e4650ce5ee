// What a part of the operator is: a name, the cells that it reads, those that it writes, and how it is made. A part has no
// other way to any other part.
import type { Platform } from '../ports/platform.ts';
import type { Readable } from '../process/cell.ts';
import type { Clock } from '../process/clock.ts';
import type { Component } from '../process/lifecycle.ts';
import type { Log } from '../process/log.ts';
import type { Metrics } from '../process/metrics.ts';
import type { Settings } from '../process/settings.ts';
import type { Holder } from '../replicas/holder.ts';
import type { Board } from './board.ts';

export type CellName = keyof Board;
export type Reads<Name extends CellName> = {
  readonly [K in Name]: Readable<ReturnType<Board[K]['get']>>;
};
export type Writes<Name extends CellName> = Pick<Board, Name>;

/** What is the same for all parts. */
export interface Context {
  readonly settings: Settings;
  readonly platform: Platform;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly log: Log;
  readonly self: Omit<Holder, 'address'>;
  /** Of all parts, in the order of starting. To be asked after all were made. */
  readonly components: () => readonly Component[];
  /** Of all parts. To be asked after all were made. */
  readonly leaderCallbacks: () => readonly LeaderCallbacks[];
}

/** For what writes only while this operator leads. @see https://pkg.go.dev/k8s.io/client-go/tools/leaderelection#LeaderCallbacks */
export interface LeaderCallbacks {
  onStartedLeading(): void;
  /** Resolves when nothing is written any more. */
  onStoppedLeading(): Promise<void>;
}

/** What a part brings into the process, beside what it writes into cells. */
export interface Made {
  readonly component?: Component;
  readonly leaderCallbacks?: LeaderCallbacks;
}

export interface Part {
  readonly name: string;
  readonly reads: readonly CellName[];
  readonly writes: readonly CellName[];
  readonly create: (board: Board, context: Context) => Made;
}

/** What is to be one and the same: the cells that the table names, and those that `create` takes. */
type Same<Named, Taken> = [Named] extends [Taken]
  ? [Taken] extends [Named]
    ? unknown
    : 'a cell is named that the part does not take, or does not write'
  : 'the part takes a cell that is not named, or writes one that it is said to read';

/** The types prove that `create` takes the cells that are named, no more and no less, and writes none that it only reads. */
export function part<Cells, const R extends CellName, const W extends CellName>(
  name: string,
  {
    reads,
    writes,
  }: { readonly reads: readonly R[]; readonly writes: readonly W[] } & Same<Reads<R> & Writes<W>, Cells>,
  create: (cells: Cells, context: Context) => Made,
): Part {
  const names: readonly CellName[] = [...reads, ...writes];
  return {
    name,
    reads,
    writes,
    create: (board, context) => {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Object.fromEntries forgets which names there are
      const cells = Object.fromEntries(names.map((it) => [it, board[it]])) as Cells;
      return create(cells, { ...context, log: context.log.child({ component: name }) });
    },
  };
}
