// Which pages of other origins may use a route from browsers.

export interface CorsIr {
  /** Any of these; an Exact * is any origin. */
  readonly allowOrigins: readonly { readonly type: 'Exact' | 'RegularExpression'; readonly value: string }[];
  readonly allowMethods: readonly string[];
  readonly allowHeaders: readonly string[];
  readonly exposeHeaders: readonly string[];
  /** null: as long as the browser likes. */
  readonly maxAgeMs: number | null;
  readonly allowCredentials: boolean;
}
