// A table with a heading, in a region that can be scrolled with the keyboard.
import type { ComponentChildren, JSX } from 'preact';

interface TableProps {
  readonly title: string;
  /** Names of columns; those that begin with `#` hold numbers. */
  readonly columns: readonly string[];
  readonly rows: readonly TableRow[];
  /** Said if there is no row. */
  readonly none: string;
}

export interface TableRow {
  readonly key: string;
  readonly cells: readonly ComponentChildren[];
}

export function Table({ title, columns, rows, none }: TableProps): JSX.Element {
  const id = `table-${title.toLowerCase().replaceAll(/[^a-z]+/g, '-')}`;
  return (
    <section>
      <h2 id={id}>{title}</h2>
      {rows.length === 0 ? (
        <p class="note">{none}</p>
      ) : (
        <div class="scroll" tabIndex={0} role="region" aria-labelledby={id}>
          <table>
            <thead>
              <tr>
                {columns.map((name) => (
                  <th key={name} scope="col" class={classOf(name)}>
                    {name.replace('#', '')}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map(({ key, cells }) => (
                <tr key={key}>
                  {cells.map((cell, at) =>
                    at === 0 ? (
                      <th key={columns[at]} scope="row">
                        {cell}
                      </th>
                    ) : (
                      <td key={columns[at]} class={classOf(columns[at] ?? '')}>
                        {cell}
                      </td>
                    ),
                  )}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function classOf(column: string): string | undefined {
  return column.startsWith('#') ? 'number' : undefined;
}
