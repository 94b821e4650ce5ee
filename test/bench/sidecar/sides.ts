// What `make bench S=sidecar` compares: meshes that differ in one thing, each a process with two sidecars.
import { fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Child, type Ending } from '../processes.ts';
import type { MeshOptions, MeshReady } from './mesh.ts';
import type { TelemetryLevel } from './telemetry.ts';

export interface SidecarBenchOptions {
  /** Another checkout of this project. */
  readonly base: string | undefined;
  readonly rounds: number;
  readonly services: number;
  readonly bindings: number;
  /** With so many rules and a token, compared with none. 0: not. */
  readonly rules: number;
  /** Levels of telemetry, each compared with the first. Empty: not. */
  readonly telemetry: readonly TelemetryLevel[];
  /** Count instructions, under valgrind, instead of time. */
  readonly instructions: boolean;
}

/** What a mesh is called, whose configuration it has, and in what it differs from the others. */
export type Compared = readonly [name: string, checkout: string, more: Partial<MeshOptions>];

export interface Side extends Ending {
  readonly name: string;
  readonly ready: MeshReady;
  readonly rounds: {
    readonly caller: number;
    readonly server: number;
    readonly p50: number;
    readonly p99: number;
    readonly perSecond: number;
  }[];
}

/** @param variables more of them for its environment */
export async function startSide(
  name: string,
  checkout: string,
  options: MeshOptions,
  variables: readonly (readonly [name: string, value: string])[] = [],
): Promise<Side> {
  const program = join(checkout, 'test/bench/sidecar/mesh.ts');
  if (!existsSync(program)) throw new Error(`${checkout} has no ${program}`);
  // oxlint-disable-next-line node/no-process-env -- inherited
  const env = { ...process.env, ...Object.fromEntries(variables) };
  const child = new Child(name, fork(program, { env, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] }));
  const ready = await child.ask<MeshReady>(options);
  return { name, ready, rounds: [], end: () => child.end() };
}

/** Those that are compared; the last is what the others are compared with. */
export function sidesOf({ base, rules, telemetry }: SidecarBenchOptions): readonly Compared[] {
  const here = resolve(import.meta.dirname, '../../..');
  if (telemetry.length > 0)
    return telemetry.toReversed().map((level) => [`telemetry ${level}`, here, { telemetry: level }]);
  if (rules > 0)
    return [
      ['ours', here, { rules }],
      ['no rules', here, {}],
    ];
  return [['ours', here, {}], ...(base === undefined ? [] : [['base', resolve(base), {}] as const])];
}
