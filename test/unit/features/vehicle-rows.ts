// Rows of the table of vehicles: a change of a field, and by which types of resources it gets to proxies.

export interface Row {
  /** Of the world: `Mesh/default`. */
  readonly object: string;
  /** Below its spec; numbers are items of lists: `routes.0.name`. */
  readonly field: string;
  readonly to: unknown;
  /** The types of which a resource changes: `LDS RDS`. */
  readonly by: string;
  /** Of what comes with a listener, and of what comes by none of these. */
  readonly because: string | null;
  /** What has to change with it; null: goes. */
  readonly also: Readonly<Record<string, unknown>>;
}

export type Cells = readonly [
  field: string,
  to: unknown,
  by: string,
  because?: string | null,
  also?: Row['also'],
];

export function rows(object: string, cells: readonly Cells[]): readonly Row[] {
  return cells.map(([field, to, by, because = null, also = {}]) => ({
    object,
    field,
    to,
    by,
    because,
    also,
  }));
}

export const operator = 'What the operator does itself.';
