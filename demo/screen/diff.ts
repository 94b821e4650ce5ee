// What an edit changed, line by line, as `diff -u` would mark it. Pure.

export interface DiffLine {
  readonly mark: '+' | '-' | ' ';
  readonly text: string;
}

/**
 * The changed lines with `context` unchanged ones around them; a gap is one line `…`.
 * A text that was empty before gives all its lines as added.
 */
export function diffLines(before: string, after: string, context = 1): DiffLine[] {
  const all = compare(toLines(before), toLines(after));
  const near = all.map((_, line) =>
    all.slice(Math.max(0, line - context), line + context + 1).some(({ mark }) => mark !== ' '),
  );
  return all.flatMap((line, number): DiffLine[] => {
    if (near[number]) return [line];
    return number > 0 && near[number - 1] && near.includes(true, number) ? [{ mark: ' ', text: '…' }] : [];
  });
}

function toLines(text: string): string[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

/** By the longest common subsequence; the texts are a few dozen lines, so the square table is small. */
function compare(before: readonly string[], after: readonly string[]): DiffLine[] {
  const common = commonLengths(before, after);
  const lines: DiffLine[] = [];
  let left = 0;
  let right = 0;
  while (left < before.length || right < after.length) {
    const old = before[left];
    const fresh = after[right];
    if (old !== undefined && old === fresh) {
      lines.push({ mark: ' ', text: old });
      left += 1;
      right += 1;
    } else if (old !== undefined && at(common, left + 1, right) >= at(common, left, right + 1)) {
      lines.push({ mark: '-', text: old });
      left += 1;
    } else {
      lines.push({ mark: '+', text: fresh ?? '' });
      right += 1;
    }
  }
  return lines;
}

/** lengths[i][j]: how many lines before[i…] and after[j…] have in common, in order. */
function commonLengths(before: readonly string[], after: readonly string[]): readonly (readonly number[])[] {
  const lengths = Array.from({ length: before.length + 1 }, () =>
    Array.from({ length: after.length + 1 }, () => 0),
  );
  for (let i = before.length - 1; i >= 0; i -= 1) {
    const row = lengths[i] ?? [];
    for (let j = after.length - 1; j >= 0; j -= 1) {
      row[j] =
        before[i] === after[j]
          ? at(lengths, i + 1, j + 1) + 1
          : Math.max(at(lengths, i + 1, j), at(lengths, i, j + 1));
    }
  }
  return lengths;
}

/** -1 beyond the end, so that what is left of the other text is taken. */
function at(lengths: readonly (readonly number[])[], i: number, j: number): number {
  return lengths[i]?.[j] ?? -1;
}
