// The table that `kubectl get` prints, from objects and their status. Pure.

/** One row: what the printer columns of the policies show. */
export interface PolicyRow {
  readonly kind: string;
  readonly name: string;
  readonly target: string;
  readonly accepted: string;
  readonly programmed: string;
  readonly proxies: string;
  readonly ageMs: number;
}

/** NAME TARGET ACCEPTED PROGRAMMED PROXIES AGE, sorted by kind and name. */
export function policyTable(rows: readonly PolicyRow[]): string[] {
  const body = rows
    .map((row) => [
      `${row.kind.toLowerCase()}/${row.name}`,
      row.target,
      row.accepted,
      row.programmed,
      row.proxies,
      formatAge(row.ageMs),
    ])
    .toSorted((a, b) => (a[0] ?? '').localeCompare(b[0] ?? ''));
  return formatTable(['NAME', 'TARGET', 'ACCEPTED', 'PROGRAMMED', 'PROXIES', 'AGE'], body);
}

/** Columns as wide as their widest cell and three spaces between, as kubectl does; no spaces at line ends. */
export function formatTable(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const lines = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines.map((line) =>
    widths
      .map((width, column) => (line[column] ?? '').padEnd(width + 3))
      .join('')
      .trimEnd(),
  );
}

/** As kubectl's HumanDuration: `45s`, `2m5s`, `15m`, `3h10m`. */
export function formatAge(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 10) return seconds % 60 === 0 ? `${minutes}m` : `${minutes}m${seconds % 60}s`;
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  return minutes % 60 === 0 || hours >= 8 ? `${hours}h` : `${hours}h${minutes % 60}m`;
}
