// The wiring as a picture, from the table of parts.
import type { Part } from '../../../operator/wiring/part.ts';

/** One line for each cell, in the order in which the table first writes them: `writer ── cell ──▶ readers`. */
export function pictureOf(parts: readonly Part[]): string {
  const lines = parts.flatMap(({ name, writes }) =>
    writes.map((cell) => ({ name, cell, readers: readersOf(parts, cell) })),
  );
  const nameWidth = Math.max(...lines.map(({ name }) => name.length));
  const cellWidth = Math.max(...lines.map(({ cell }) => cell.length));
  return lines
    .map(({ name, cell, readers }) => {
      const arrow = `── ${cell} `.padEnd(cellWidth + 5, '─');
      return `${name.padEnd(nameWidth)} ${arrow}▶ ${readers.join(', ') || 'operator.ts'}`;
    })
    .join('\n');
}

function readersOf(parts: readonly Part[], cell: Part['reads'][number]): readonly string[] {
  return parts.filter(({ reads }) => reads.includes(cell)).map(({ name }) => name);
}

/** Parts from one to another along cells, the shortest way; undefined: there is none. */
export function pathOf(parts: readonly Part[], from: string, to: string): readonly string[] | undefined {
  const paths = new Map<string, readonly string[]>([[from, [from]]]);
  // Breadth first: a map is walked in the order in which it is filled.
  for (const [reached, path] of paths) {
    const written = new Set(parts.find(({ name }) => name === reached)?.writes);
    for (const { name, reads } of parts)
      if (!paths.has(name) && reads.some((cell) => written.has(cell))) paths.set(name, [...path, name]);
  }
  return paths.get(to);
}

/** All that a part depends on, by whatever way; itself only if it does. */
export function ancestorsOf(parts: readonly Part[], name: string): ReadonlySet<string> {
  const found = new Set<string>();
  const visit = (of: string): void => {
    const reads = new Set(parts.find((it) => it.name === of)?.reads);
    for (const { name: writer, writes } of parts) {
      if (found.has(writer) || !writes.some((cell) => reads.has(cell))) continue;
      found.add(writer);
      visit(writer);
    }
  };
  visit(name);
  return found;
}
