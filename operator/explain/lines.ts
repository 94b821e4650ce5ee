// Lines of an answer: what is said, and who says so.
import type { Source } from './sources.ts';

export interface Line {
  readonly title: string;
  readonly text: string;
  /** '' where there is nothing to say. */
  readonly source: string;
}

/** By what users write. */
export type Sources = Readonly<Record<string, Source>>;

export function line(title: string, text: string, source = ''): Line {
  return { title, text, source };
}

/** isSetting: absent, it is a default. */
export function from(source: Source | undefined, isSetting = false): string {
  if (source === undefined) return isSetting ? 'default' : '';
  return `${source.object}, ${source.field}`;
}

/** Of something that only a route can say. */
export function inRoute({ routes }: Sources, field: string): string {
  return routes === undefined ? '' : from({ ...routes, field: `${routes.field}.${field}` });
}

/** A row for each; ends with a new line. */
export function table(lines: readonly Line[]): string {
  const width = Math.max(...lines.map(({ title }) => title.length));
  return lines
    .map(({ title, text, source }) => {
      const row = `  ${title.padEnd(width)}  ${text}`;
      return source === '' ? row : `${row}  [${source}]`;
    })
    .map((row) => `${row}\n`)
    .join('');
}
