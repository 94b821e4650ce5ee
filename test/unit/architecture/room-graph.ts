// The graph of rooms, from the imports of files. A room is the first folder below operator/, and the second one inside the
// big rooms; a rule on files alone does not see a circle of rooms whose files form none.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';

const bigRooms: ReadonlySet<string> = new Set(['translate', 'envoy', 'xds', 'platform']);

/** `operator/xds/session/nack.ts` → `xds/session`; a program such as `operator/main.ts` is a room of its own. */
export function roomOf(file: string): string {
  const [top = '', ...path] = file.split('/');
  if (top !== 'operator') return top;
  const folders = path.slice(0, -1);
  const [room = path[0] ?? '', inner] = folders;
  return inner !== undefined && bigRooms.has(room) ? `${room}/${inner}` : room;
}

export interface Import {
  readonly file: string;
  readonly imports: string;
}

/** All imports, types included, between TypeScript files below the folders. Paths are relative to `root`. */
export function importsBelow(root: string, folders: readonly string[]): readonly Import[] {
  return folders
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map(
        (name) => `${folder}/${name}`,
      ),
    )
    .filter((file) => file.endsWith('.ts'))
    .toSorted()
    .flatMap((file) =>
      [...readFileSync(join(root, file), 'utf8').matchAll(relativeImport)].map(([, specifier = '']) => ({
        file,
        imports: posix.join(dirname(file), specifier),
      })),
    );
}

const relativeImport = /(?:\bfrom|\bimport)\s*\(?\s*'(\.{1,2}\/[^']+)'/g;

/** Room → the rooms that it imports, each with one of the imports. */
export type RoomGraph = ReadonlyMap<string, ReadonlyMap<string, Import>>;

export function roomGraph(imports: readonly Import[]): RoomGraph {
  const graph = new Map<string, Map<string, Import>>();
  for (const it of imports) {
    const [from, to] = [roomOf(it.file), roomOf(it.imports)];
    if (from === to) continue;
    const targets = graph.get(from) ?? new Map<string, Import>();
    graph.set(from, targets);
    if (!targets.has(to)) targets.set(to, it);
  }
  return graph;
}

/** The shortest circle through each room that is in one, each circle once: the imports that close it. */
export function circlesOf(graph: RoomGraph): readonly (readonly Import[])[] {
  const circles = new Map<string, readonly Import[]>();
  for (const room of graph.keys()) {
    const circle = shortestCircle(graph, room);
    if (circle === undefined) continue;
    const key = circle
      .map(({ file }) => roomOf(file))
      .toSorted()
      .join();
    if (!circles.has(key)) circles.set(key, circle);
  }
  return [...circles.values()];
}

function shortestCircle(graph: RoomGraph, room: string): readonly Import[] | undefined {
  const paths = new Map<string, readonly Import[]>([[room, []]]);
  // Breadth first: a map is walked in the order in which it is filled.
  for (const [reached, path] of paths) {
    for (const [next, via] of graph.get(reached) ?? []) {
      if (next === room) return [...path, via];
      if (!paths.has(next)) paths.set(next, [...path, via]);
    }
  }
  return undefined;
}

/** One line for each import of each circle, for the message of a failed test. */
export function describeCircles(circles: readonly (readonly Import[])[]): readonly string[] {
  return circles.map((circle) =>
    circle
      .map(({ file, imports }) => `${roomOf(file)} → ${roomOf(imports)}: ${file} imports ${imports}`)
      .join('\n'),
  );
}
