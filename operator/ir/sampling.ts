// Which of the traces are recorded that begin at a sidecar.
export interface SamplingRuleIr {
  readonly name: string;
  /** Whether it is for all workloads; else for those that name it. */
  readonly everywhere: boolean;
  /** null: it is about all requests. */
  readonly filter: ExpressionIr | null;
  /** 0 to 100. */
  readonly percentage: number;
}

/** About a request that begins, in the words of CEL. A text that a request does not have is empty. */
export type ExpressionIr =
  | { readonly type: 'Value'; readonly value: string | boolean | number }
  | { readonly type: 'List'; readonly items: readonly ExpressionIr[] }
  /** Such as `request.method`. */
  | { readonly type: 'Attribute'; readonly name: string }
  | { readonly type: 'Header'; readonly name: string }
  | { readonly type: 'HasHeader'; readonly name: string }
  /** Of an operator such as `==` or `?:`, or of a function, whose first operand is what it is called of. `&&` and `||` have two or more. */
  | { readonly type: 'Call'; readonly of: string; readonly operands: readonly ExpressionIr[] };
