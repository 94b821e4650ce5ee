// What can be read of a document that is not valid YAML: enough to tell which object it is about, and whom a broken
// policy guards. Never put in force as it is. Pure.
import { parseYaml } from './yaml-text.ts';

type Raw = Readonly<Record<string, unknown>>;

/**
 * The document without the line at which the parser stopped (or the one before it, where the mistake often is), or
 * what stands before that; else the fields that tell which object it is, by the look of the lines. line: from 0.
 */
export function withoutBrokenLines(text: string, line: number): Raw | undefined {
  const lines = text.split('\n');
  const attempts = [
    lines.toSpliced(line, 1),
    lines.toSpliced(line - 1, 1),
    lines.toSpliced(Math.max(0, line - 1), 2),
    lines.slice(0, line),
    lines.slice(0, Math.max(0, line - 1)),
  ];
  for (const attempt of attempts) {
    const value = valueOf(attempt.join('\n'));
    if (value !== undefined && 'kind' in value && 'metadata' in value) return value;
  }
  return byLook(lines);
}

function valueOf(text: string): Raw | undefined {
  const parsed = parseYaml({ number: 1, line: 1, text });
  if (parsed.kind !== 'value' || typeof parsed.value !== 'object' || parsed.value === null) return undefined;
  return Array.isArray(parsed.value) ? undefined : { ...parsed.value };
}

/** `kind:` at the margin, and name and namespace in what follows `metadata:`. */
function byLook(lines: readonly string[]): Raw | undefined {
  const kind = firstMatch(lines, /^kind:\s*["']?(\w+)/);
  const from = lines.findIndex((line) => line.startsWith('metadata:'));
  if (kind === undefined || from === -1) return undefined;
  const after = lines.slice(from + 1);
  const end = after.findIndex((line) => /^\S/.test(line));
  const metadata = [
    lines[from]?.slice('metadata:'.length) ?? '',
    ...after.slice(0, end === -1 ? undefined : end),
  ];
  const name = firstMatch(metadata, /(?:^|[\s{,])name:\s*["']?([-a-z0-9.]+)/);
  const namespace = firstMatch(metadata, /(?:^|[\s{,])namespace:\s*["']?([-a-z0-9]+)/);
  return { kind, metadata: { name, ...(namespace !== undefined && { namespace }) } };
}

function firstMatch(lines: readonly string[], pattern: RegExp): string | undefined {
  for (const line of lines) {
    const found = pattern.exec(line)?.[1];
    if (found !== undefined) return found;
  }
  return undefined;
}
